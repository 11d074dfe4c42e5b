/** Which passwords an operator may give: long ones that are not on every list. */

/** ASVS 5.0, 6.2.1: eight are the least, fifteen are recommended. */
const MIN_CHARACTERS = 15;

/** The bases of the common passwords that are this long, in lower case; shorter ones are refused for their length. */
const COMMON: ReadonlySet<string> = new Set([
  "administratoradministrator",
  "administratorpassword",
  "changemechangeme",
  "changemechangemechangeme",
  "correcthorsebatterystaple",
  "iloveyouiloveyou",
  "letmeinletmein",
  "passwordpassword",
  "passwordpasswordpassword",
  "qazwsxedcrfvtgb",
  "qwertyuiopasdfgh",
  "qwertyuiopasdfghjkl",
  "qwertyuiopasdfghjklzxcvbnm",
  "supersecretpassword",
  "thisisapassword",
  "thisismypassword",
  "welcometothejungle",
  "youshallnotpass",
  "yoursecurepassword",
]);

/** Runs along which people walk to reach a length. */
const WALKS = [
  "abcdefghijklmnopqrstuvwxyz",
  "0123456789",
  "1234567890",
  "qwertyuiopasdfghjklzxcvbnm",
  "1q2w3e4r5t6y7u8i9o0p",
  "qazwsxedcrfvtgbyhnujm",
];

/** Repetitions of up to so many characters are seen through. */
const MAX_PERIOD = 8;

/**
 * What is wrong with a password, as a sentence; undefined when nothing is.
 *
 * @param username must not make up most of the password.
 */
export function findPasswordFault(password: string, username: string): string | undefined {
  if ([...password].length < MIN_CHARACTERS) return `must have at least ${MIN_CHARACTERS} characters; a few words are easy to keep in mind`;
  const plain = password.normalize("NFKC").toLowerCase();
  const letters = plain.replace(/[^\p{L}]/gu, "");
  if (COMMON.has(plain) || COMMON.has(letters)) return "is on the lists that everybody tries first";
  if (isRepetition(plain)) return "repeats the same few characters";
  if (WALKS.some((walk) => `${walk}${walk}${walk}`.includes(plain))) return "is a run of neighbouring characters";
  if (username.length >= 3 && plain.replaceAll(username.toLowerCase(), "").length < MIN_CHARACTERS / 2)
    return "must not be the user name with little added";
  return undefined;
}

function isRepetition(text: string): boolean {
  for (let period = 1; period <= MAX_PERIOD; period += 1) {
    if (Array.from({ length: text.length - period }, (_, at) => text[at] === text[at + period]).every(Boolean)) return true;
  }
  return false;
}
