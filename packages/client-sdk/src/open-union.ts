/** Names that a newer server may add to. */

/** One of these, or a name that is newer than this package; a `switch` needs a `default`. */
export type OpenUnion<Known extends string> = Known | (string & Record<never, never>);
