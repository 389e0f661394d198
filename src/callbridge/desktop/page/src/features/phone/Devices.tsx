import { Bell } from "lucide-preact";
import { t } from "../../texts/t";
import { Button } from "../../ui/Button";
import { Select } from "../../ui/Field";
import {
  choose,
  chooseProcessing,
  chosenMicrophone,
  chosenRinger,
  chosenSpeaker,
  type Device,
  microphones,
  processing,
  speakers,
} from "./microphone";
import css from "./phone.module.css";
import { tryOut } from "./ringer";

export function Devices() {
  return (
    <div class={css.devices}>
      <Select
        label={t("phone.devices.microphone")}
        value={chosenMicrophone.value}
        options={options(microphones.value, chosenMicrophone.value)}
        onChange={(id) => choose("microphone", id)}
      />
      {speakers.value.length > 0 && (
        <>
          <Select
            label={t("phone.devices.speaker")}
            value={chosenSpeaker.value}
            options={options(speakers.value, chosenSpeaker.value)}
            onChange={(id) => choose("speaker", id)}
          />
          <Select
            label={t("phone.devices.ringer")}
            value={chosenRinger.value}
            options={options(speakers.value, chosenRinger.value)}
            onChange={(id) => choose("ringer", id)}
          />
        </>
      )}
      <label class={css.check}>
        <input
          type="checkbox"
          checked={processing.value}
          onChange={(event) => chooseProcessing(event.currentTarget.checked)}
        />
        {t("phone.devices.processing")}
      </label>
      <div>
        <Button size="small" icon={Bell} onClick={() => tryOut(chosenRinger.value)}>
          {t("phone.devices.tryRinging")}
        </Button>
      </div>
    </div>
  );
}

/** A chosen one that is not plugged in stays chosen: it is used again once it is there. */
function options(devices: readonly Device[], chosen: string): { value: string; text: string }[] {
  const found = devices.map(({ id, name }, index) => ({
    value: id,
    text: name || t("phone.devices.unnamed", { number: index + 1 }),
  }));
  if (chosen !== "" && !devices.some(({ id }) => id === chosen))
    found.push({ value: chosen, text: t("phone.devices.gone") });
  return [{ value: "", text: t("phone.devices.default") }, ...found];
}
