/** An error that ends the program with its message alone: it says what to do, and a stack would only hide that. */
export class ExitError extends Error {
  override readonly name = "ExitError";
}
