/** Finds what looks like a proper name in English text. */

const WORD = /[\p{L}\p{N}]+(?:['’-][\p{L}\p{N}]+)*/gu;
const CAPITALISED = /^\p{Lu}/u;
/** May stand inside a name: "University of Oslo", "Simone de Beauvoir". */
const PARTICLES = new Set(["of", "the", "de", "la", "le", "van", "von", "der", "den", "di", "da", "al"]);
/** Forms of address and what else is shortened before a name, with a full stop or without. None is a name by itself. */
const TITLES = new Set("dr mr mrs ms mx prof rev hon st ste sgt capt lt col gen sen gov pres".split(" "));
/** Open a sentence with a capital letter and name nothing. */
const OPENERS = new Set(
  (
    "who whom whose what which when where why how is are was were am do does did can could will would should shall may might has have had " +
    "in on at for from to by with and but or so the a an this that these those it its he she they his her their we our you your i there here " +
    "if as after before while since because although though during until name tell give list describe explain many some most all both each one"
  ).split(" "),
);

interface Word {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** The names in the text, in order, each as written there. A single capitalised word that opens a sentence does not count, nor does a title without its name. */
export function findNames(text: string): string[] {
  const names: string[] = [];
  let run: Word[] = [];
  let particles: Word[] = [];
  let opensSentence = true;
  let runOpensSentence = false;

  const close = (): void => {
    const first = run[0];
    const last = run.at(-1);
    if (first !== undefined && last !== undefined && (run.length > 1 || !runOpensSentence) && !run.every(isTitle))
      names.push(text.slice(first.start, last.end));
    run = [];
    particles = [];
  };

  let previousEnd = 0;
  for (const match of text.matchAll(WORD)) {
    const word = { text: match[0].replace(/['’]s$/, ""), start: match.index, end: match.index + match[0].replace(/['’]s$/, "").length };
    const between = text.slice(previousEnd, match.index);
    opensSentence ||= /[.!?…:\n]/.test(between);
    // Only a space joins the words of a name; a full stop after an initial or a title does too ("J. Smith", "Dr. Lang").
    const last = run.at(-1);
    const isJoinedByStop = /^\.\s$/.test(between) && last !== undefined && (last.text.length === 1 || isTitle(last));
    if (!/^\s?$/.test(between) && !isJoinedByStop) close();
    // "Ask Mrs. Weber": the title begins the name, what opened the sentence does not belong to it.
    if (run.length === 1 && runOpensSentence && isTitle(word) && !run.every(isTitle)) close();
    if (CAPITALISED.test(word.text) && !(OPENERS.has(word.text.toLowerCase()) && (run.length === 0 || isJoinedByStop))) {
      if (run.length === 0) runOpensSentence = opensSentence;
      run.push(...particles, word);
      particles = [];
      opensSentence = false;
    } else {
      if (run.length > 0 && PARTICLES.has(word.text)) particles.push(word);
      else close();
      opensSentence = false;
    }
    previousEnd = match.index + match[0].length;
  }
  close();
  return names;
}

function isTitle({ text }: Word): boolean {
  return CAPITALISED.test(text) && TITLES.has(text.toLowerCase());
}
