/** The refusal of a converter: the text is not what its format demands, or too much. */

/** `message` says for people what is wrong, without internals. */
export class Unparsable extends Error {
  override readonly name = "Unparsable";
}
