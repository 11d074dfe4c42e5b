import { describe, expect, it } from "vitest";
import { findPasswordFault } from "./password-rules.ts";

describe("password rules", () => {
  it.each([
    ["short", "at least 15"],
    ["14-characters!", "at least 15"],
    // Fourteen characters, although twice as many UTF-16 units.
    ["🦉".repeat(14), "at least 15"],
    ["PasswordPassword", "everybody tries first"],
    ["Correct-Horse-Battery-Staple-1", "everybody tries first"],
    ["aaaaaaaaaaaaaaaaaaaa", "repeats"],
    ["abcabcabcabcabcabc", "repeats"],
    ["hunter2hunter2hunter2", "repeats"],
    ["123456789012345", "run"],
    ["abcdefghijklmnopq", "run"],
    ["margarete-margarete-1", "user name"],
  ])("refuse %j", (password, fault) => {
    expect(findPasswordFault(password, "margarete")).toContain(fault);
  });

  it.each(["fifteen-letters", "the goat eats bread at noon", "ein Satz mit Umlauten: äöü", "Zq8!vT2#kLm9@xW", "🦉🐐🐝🌊🍞🥣⛵️🏰🕰️🎻🪵🧵🧶🪡🧂"])(
    "take %j",
    (password) => {
      expect(findPasswordFault(password, "margarete")).toBeUndefined();
    },
  );
});
