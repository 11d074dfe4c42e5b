/** What the faulty thread of a model stumbles over. */

/** A text at which the thread never comes back. */
export const HANG = "please hang";
/** A text at which the thread ends. */
export const END = "please end";
/** A text at which the thread takes all the memory it may have. */
export const GROW = "please grow";
