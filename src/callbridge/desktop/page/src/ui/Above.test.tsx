import { signal } from "@preact/signals";
import { render, waitFor } from "@testing-library/preact";
import { afterEach, expect, it } from "vitest";
import { Above, modals } from "./Above";

afterEach(() => {
  modals.value = [];
});

it("stands in the page, and in a modal dialog while one is open, without being drawn anew", async () => {
  const text = signal("one");
  const Text = () => <p id="text">{text.value}</p>;
  const shown = render(
    <Above>
      <Text />
    </Above>,
  );
  const paragraph = document.getElementById("text");
  expect(paragraph?.textContent).toBe("one");
  const dialog = document.body.appendChild(document.createElement("dialog"));
  modals.value = [dialog];
  expect(dialog.contains(paragraph)).toBe(true);
  text.value = "two";
  await waitFor(() => expect(paragraph?.textContent).toBe("two"));
  dialog.remove();
  modals.value = [];
  expect(document.body.contains(paragraph)).toBe(true);
  shown.unmount();
  expect(document.getElementById("text")).toBe(null);
});
