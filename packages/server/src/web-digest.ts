/** SHA-256 with the cryptography of the web, which every runtime has. */

const utf8 = new TextEncoder();

export async function digest(content: string | Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", typeof content === "string" ? utf8.encode(content) : content));
}

/** In hexadecimal digits; of a text as UTF-8. */
export async function sha256(content: string | Uint8Array<ArrayBuffer>): Promise<string> {
  return Array.from(await digest(content), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
