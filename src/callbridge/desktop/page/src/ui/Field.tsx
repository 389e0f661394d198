import type { JSX, Ref } from "preact";
import { useId } from "preact/hooks";
import css from "./ui.module.css";

interface Labelled {
  label: string;
  hint?: string | undefined;
  /** A sentence; the field is marked as wrong. */
  error?: string | undefined;
  /** For screen readers only. */
  labelHidden?: boolean;
}

interface FieldProps extends Labelled, Omit<JSX.IntrinsicElements["input"], "label" | "ref"> {
  inputRef?: Ref<HTMLInputElement>;
}

export function Field({ label, hint, error, labelHidden, inputRef, ...rest }: FieldProps) {
  const id = useId();
  return (
    <Frame id={id} label={label} hint={hint} error={error} labelHidden={labelHidden ?? false}>
      <input
        {...rest}
        ref={inputRef ?? null}
        id={id}
        class={css.input}
        aria-invalid={error ? "true" : undefined}
        aria-describedby={hint || error ? `${id}-more` : undefined}
      />
    </Frame>
  );
}

interface SelectProps extends Labelled {
  value: string;
  options: readonly { value: string; text: string }[];
  onChange: (value: string) => void;
  disabled?: boolean;
}

export function Select({ label, hint, error, labelHidden, value, options, onChange, disabled }: SelectProps) {
  const id = useId();
  return (
    <Frame id={id} label={label} hint={hint} error={error} labelHidden={labelHidden ?? false}>
      <select
        id={id}
        class={css.input}
        value={value}
        disabled={disabled}
        aria-invalid={error ? "true" : undefined}
        aria-describedby={hint || error ? `${id}-more` : undefined}
        onChange={(event) => onChange(event.currentTarget.value)}
      >
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.text}
          </option>
        ))}
      </select>
    </Frame>
  );
}

function Frame({ id, label, hint, error, labelHidden, children }: Labelled & { id: string; children: JSX.Element }) {
  return (
    <div class={css.field}>
      <label class={labelHidden ? "visually-hidden" : css.label} for={id}>
        {label}
      </label>
      {children}
      {(error || hint) && (
        <p id={`${id}-more`} class={error ? css.error : css.hint}>
          {error || hint}
        </p>
      )}
    </div>
  );
}
