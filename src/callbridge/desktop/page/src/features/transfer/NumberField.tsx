import { useLayoutEffect, useRef } from "preact/hooks";
import { model } from "../../model/store";
import { Field } from "../../ui/Field";
import { typed } from "./typing";

interface NumberFieldProps {
  label: string;
  value: string;
  onValue: (value: string) => void;
  /** Enter in the field. */
  onEnter?: () => void;
  onFocus?: () => void;
  onBlur?: () => void;
  hint?: string | undefined;
  error?: string | undefined;
  disabled?: boolean;
  placeholder?: string;
}

/** A phone number, written as it is in the site's country while it is typed. */
export function NumberField({ value, onValue, onEnter, ...rest }: NumberFieldProps) {
  const ref = useRef<HTMLInputElement>(null);
  const caret = useRef<number | null>(null);
  const region = model.me.value?.options.region ?? null;
  useLayoutEffect(() => {
    const at = caret.current;
    caret.current = null;
    if (at !== null && document.activeElement === ref.current) ref.current?.setSelectionRange(at, at);
  });
  return (
    <Field
      {...rest}
      inputRef={ref}
      type="tel"
      inputMode="tel"
      autoComplete="off"
      maxLength={40}
      value={value}
      onInput={(event) => {
        const field = event.currentTarget;
        const now = typed({ text: field.value, caret: field.selectionStart ?? field.value.length }, value, region);
        field.value = now.text;
        caret.current = now.caret;
        field.setSelectionRange(now.caret, now.caret);
        onValue(now.text);
      }}
      onKeyDown={(event) => {
        if (event.key !== "Enter" || onEnter === undefined) return;
        event.preventDefault();
        onEnter();
      }}
    />
  );
}
