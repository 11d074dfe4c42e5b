/** What the faulty process of a model stumbles over. */

/** A text at which the process never comes back. */
export const HANG = "please hang";
/** A text at which the process ends. */
export const END = "please end";
/** Texts at which the process is ended as native code ends it: by `abort()`, and by reaching for memory that is not its own. */
export const ABORT = "please abort";
export const SEGFAULT = "please reach elsewhere";
/** A text at which the process takes so much more memory, and keeps it. */
export const HOLD = "please hold";
export const HOLD_MB = 20;
/** A text at which the process takes all the memory it may have. */
export const GROW = "please grow";
