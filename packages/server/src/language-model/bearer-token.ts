/** The header that carries an API key. */

/**
 * `Bearer <key>`, checked beforehand: the platform's own error for a key that no header can carry quotes the whole key.
 *
 * @throws TypeError without the key.
 */
export function bearerToken(apiKey: string): string {
  if (!/^[\x21-\x7e]+$/.test(apiKey)) throw new TypeError("The language model's API key holds a space, a line break or a character outside ASCII.");
  return `Bearer ${apiKey}`;
}
