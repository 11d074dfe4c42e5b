/** SHA-256 with the cryptography of the web. */

export async function digestText(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}

/** In hexadecimal, of the text as UTF-8. */
export async function sha256(text: string): Promise<string> {
  return Array.from(await digestText(text), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
