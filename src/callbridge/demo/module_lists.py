"""Which modules an Asterisk loads. Short lists instead of `autoload` bring it up in half a second.

Modules that a version or distribution does not have are left out by the instance, so each list may name more than
one Asterisk offers.
"""

SIP_MODULES = (
    *("res_timing_timerfd", "res_sorcery_config", "res_sorcery_memory", "res_sorcery_astdb", "res_crypto", "res_srtp"),
    *("res_http_websocket", "res_websocket_client", "res_statsd", "res_geolocation", "res_pjproject", "res_pjsip"),
    *("res_pjsip_session", "res_pjsip_sdp_rtp", "res_rtp_asterisk", "res_pjsip_pubsub", "res_pjsip_dlg_options"),
    *("res_pjsip_authenticator_digest", "res_pjsip_outbound_authenticator_digest", "res_pjsip_outbound_registration"),
    *("res_pjsip_registrar", "res_pjsip_endpoint_identifier_user", "res_pjsip_endpoint_identifier_ip"),
    *("res_pjsip_caller_id", "res_pjsip_header_funcs", "res_pjsip_dtmf_info", "res_pjsip_nat", "res_pjsip_refer"),
    *("res_pjsip_rfc3326", "res_pjsip_diversion", "res_pjsip_logger", "chan_pjsip"),
    *("func_pjsip_endpoint", "func_pjsip_aor", "func_pjsip_contact"),
    *("codec_ulaw", "codec_alaw", "codec_a_mu", "codec_resample", "format_wav", "format_pcm", "format_sln"),
    *("pbx_config", "bridge_simple", "app_dial", "app_playback", "app_echo", "app_mixmonitor", "app_stack"),
    *("app_verbose", "app_userevent", "app_transfer", "app_senddtmf", "app_read", "app_exec"),
    *("func_callerid", "func_channel", "func_strings", "func_logic", "func_global", "func_timeout", "func_math"),
)
"""What a bank of SIP phones needs."""

LAB_PBX_MODULES = (
    # What every Asterisk with PJSIP phones has, and callbridge does not list.
    *("res_sorcery_config", "res_sorcery_memory", "res_sorcery_astdb", "res_statsd", "res_geolocation"),
    *("res_pjproject", "res_pjsip_sdp_rtp", "res_pjsip_pubsub", "res_pjsip_dlg_options"),
    *("res_pjsip_authenticator_digest", "res_pjsip_outbound_authenticator_digest", "res_pjsip_nat"),
    *("res_pjsip_endpoint_identifier_user", "res_pjsip_endpoint_identifier_ip", "res_pjsip_dtmf_info"),
    *("codec_ulaw", "codec_alaw", "codec_a_mu", "format_pcm"),
    "codec_g722",
    # The numbers that the lab's own dialplan offers, and its fallback.
    *("app_playback", "app_echo"),
    # Loaded so that the tests see that they cannot take a caller away: feature codes, a phone's REFER.
    *("bridge_builtin_features", "res_pjsip_refer", "res_pjsip_diversion"),
)
"""What the lab's PBX loads beyond modules-callbridge.txt. A module that callbridge's own files need is never here: it
belongs into that list, and the tests fail while it is missing there."""
