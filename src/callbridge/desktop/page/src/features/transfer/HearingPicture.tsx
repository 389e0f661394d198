import { MicOff, Music2, Phone } from "lucide-preact";
import { useId } from "preact/hooks";
import type { Party } from "../../api/types";
import { t } from "../../texts/t";
import { cx } from "../../ui/cx";
import { pictureOf, RADIUS, WIDTH } from "./picture";
import { partyName, pictureText } from "./sentences";
import css from "./controls.module.css";

const LONGEST = 20;

/** Who hears whom at this moment: a line where they do, an arrow where only one does. */
export function HearingPicture({ parties, me }: { parties: readonly Party[]; me: string | undefined }) {
  const id = useId();
  if (parties.length === 0) return null;
  const { height, places, lines } = pictureOf(parties, (party) => shortState(party, me) !== "");
  return (
    <svg
      class={css.picture}
      viewBox={`0 0 ${WIDTH} ${height}`}
      role="img"
      aria-label={`${t("controls.picture")}: ${pictureText(parties, me)}`}
    >
      <defs>
        <marker
          id={id}
          viewBox="0 0 10 10"
          refX="8"
          refY="5"
          markerWidth="5"
          markerHeight="5"
          orient="auto-start-reverse"
        >
          <path class={css.arrow} d="M0 0 L10 5 L0 10 z" />
        </marker>
      </defs>
      {lines.map(({ key, both, ...ends }) => (
        <line
          key={key}
          {...ends}
          class={cx(css.line, !both && css.lineOne)}
          marker-end={both ? undefined : `url(#${id})`}
        />
      ))}
      {places.map(({ party, x, y, above }) => (
        <g key={party.id} class={cx(css.node, css[`node_${look(party, me)}`])}>
          <circle cx={x} cy={y} r={RADIUS} class={css.disc} />
          {initials(party, me) === "" ? (
            <Phone x={x - 9} y={y - 9} size={18} class={css.phone ?? ""} />
          ) : (
            <text x={x} y={y} dy="0.35em" class={css.initials}>
              {initials(party, me)}
            </text>
          )}
          {party.muted && <Badge x={x + 18} y={y - 18} kind="muted" />}
          {isOnHold(party, me) && <Badge x={x + 18} y={y + 18} kind="music" />}
          <text x={x} y={y + nameAt(above, shortState(party, me) !== "")} class={css.name}>
            {shortened(partyName(party, me))}
          </text>
          <text x={x} y={y + (above ? -RADIUS - 10 : RADIUS + 34)} class={css.what}>
            {shortState(party, me)}
          </text>
        </g>
      ))}
    </svg>
  );
}

function Badge({ x, y, kind }: { x: number; y: number; kind: "muted" | "music" }) {
  const Picture = kind === "music" ? Music2 : MicOff;
  return (
    <>
      <circle cx={x} cy={y} r="10" class={css.badge} />
      <Picture x={x - 6} y={y - 6} size={12} class={css.badgeIcon ?? ""} />
    </>
  );
}

/** From the middle of the circle to the line of the name. */
function nameAt(above: boolean, twoLines: boolean): number {
  if (!above) return RADIUS + 18;
  return twoLines ? -RADIUS - 26 : -RADIUS - 10;
}

function look(party: Party, me: string | undefined): "me" | "held" | "coming" | "there" {
  if (party.state === "dialing" || party.state === "ringing" || party.state === "answered") return "coming";
  if (isOnHold(party, me)) return "held";
  return isMe(party, me) ? "me" : "there";
}

/** One's own leg rests too while somebody is called, but without music. */
function isOnHold(party: Party, me: string | undefined): boolean {
  return party.state === "held" && !isMe(party, me);
}

function isMe(party: Party, me: string | undefined): boolean {
  return party.agent !== null && party.agent === me;
}

function shortState(party: Party, me: string | undefined): string {
  if (party.phone_holds) return t("controls.short.phoneHolds");
  if (party.muted) return t("controls.short.muted");
  if (isOnHold(party, me)) return t("controls.short.held");
  if (party.state === "talking" || party.state === "held") return "";
  return t(`controls.short.${party.state}`);
}

/** Empty for a number. */
function initials(party: Party, me: string | undefined): string {
  const name = isMe(party, me) ? (party.name ?? "") : partyName(party, me);
  const letters = name.match(/\p{L}+/gu) ?? [];
  return letters
    .slice(0, 2)
    .map((word) => Array.from(word)[0]?.toUpperCase() ?? "")
    .join("");
}

function shortened(text: string): string {
  const letters = Array.from(text);
  return letters.length <= LONGEST
    ? text
    : `${letters
        .slice(0, LONGEST - 1)
        .join("")
        .trimEnd()}…`;
}
