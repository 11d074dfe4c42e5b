/** The end of a call whose client has left: tRPC would make an error of the server of the reason that ends the work, which is no error. */
export class ClientLeft extends Error {}

/** Whatever is thrown as an error that tRPC passes on with its kind. */
export const asError = (thrown: unknown): Error => (thrown instanceof Error ? thrown : new ClientLeft("The client has left."));
