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

PBX_MODULES = (
    *SIP_MODULES,
    *("bridge_softmix", "bridge_native_rtp", "bridge_holding", "bridge_builtin_features"),
    *("bridge_builtin_interval_features", "chan_bridge_media"),
    *("app_bridgewait", "app_bridgeaddchan", "app_confbridge", "app_originate", "app_queue", "app_record"),
    *("app_playtones", "app_chanspy", "app_while", "app_db", "app_cdr", "app_blind_transfer", "app_softhangup"),
    *("res_musiconhold", "res_mutestream", "res_clioriginate", "res_manager_devicestate", "res_pjsip_acl"),
    *("func_module", "func_dialplan", "func_uri", "func_db", "func_devstate", "func_hangupcause", "func_uuid"),
    *("func_volume", "func_jitterbuffer", "func_sprintf", "func_cut", "func_groupcount", "func_talkdetect"),
    # A phone in a web page: signalling over a websocket, sound in Opus.
    *("res_pjsip_transport_websocket", "codec_opus_open_source", "codec_opus", "res_format_attr_opus", "codec_g722"),
)
"""What a PBX beside callbridge needs, with phones on desks and in web pages."""
