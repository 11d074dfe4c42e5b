/** Names binary files by their first bytes: a name ending in `.md` makes no Markdown. */

interface Signature {
  readonly name: string;
  readonly offset: number;
  /** Compared as Latin-1. */
  readonly bytes: string;
  /** A text could begin like this too, so it only tells what a file is that was found to be binary. */
  readonly isAmbiguous?: true;
}

const SIGNATURES: readonly Signature[] = [
  { name: "a PDF document", offset: 0, bytes: "%PDF-" },
  { name: "a PostScript document", offset: 0, bytes: "%!PS-" },
  { name: "an RTF document", offset: 0, bytes: "{\\rtf" },
  { name: "a ZIP archive or an office document", offset: 0, bytes: "PK\x03\x04" },
  { name: "an empty ZIP archive", offset: 0, bytes: "PK\x05\x06" },
  { name: "a part of a ZIP archive", offset: 0, bytes: "PK\x07\x08" },
  { name: "an old office document", offset: 0, bytes: "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" },
  { name: "a gzip archive", offset: 0, bytes: "\x1f\x8b" },
  { name: "a bzip2 archive", offset: 4, bytes: "1AY&SY" },
  { name: "an xz archive", offset: 0, bytes: "\xfd7zXZ\x00" },
  { name: "a Zstandard archive", offset: 0, bytes: "\x28\xb5\x2f\xfd" },
  { name: "a 7-Zip archive", offset: 0, bytes: "7z\xbc\xaf\x27\x1c" },
  { name: "a RAR archive", offset: 0, bytes: "Rar!\x1a\x07" },
  { name: "a tar archive", offset: 257, bytes: "ustar", isAmbiguous: true },
  { name: "a PNG image", offset: 0, bytes: "\x89PNG" },
  { name: "a JPEG image", offset: 0, bytes: "\xff\xd8\xff" },
  { name: "a GIF image", offset: 0, bytes: "GIF87a" },
  { name: "a GIF image", offset: 0, bytes: "GIF89a" },
  { name: "a TIFF image", offset: 0, bytes: "II*\x00" },
  { name: "a TIFF image", offset: 0, bytes: "MM\x00*" },
  { name: "a WebP image", offset: 8, bytes: "WEBP", isAmbiguous: true },
  { name: "an icon", offset: 0, bytes: "\x00\x00\x01\x00" },
  { name: "a Windows bitmap", offset: 0, bytes: "BM", isAmbiguous: true },
  { name: "a WAV recording", offset: 8, bytes: "WAVEfmt", isAmbiguous: true },
  { name: "an MP3 recording", offset: 0, bytes: "ID3", isAmbiguous: true },
  { name: "an Ogg recording", offset: 0, bytes: "OggS", isAmbiguous: true },
  { name: "a FLAC recording", offset: 0, bytes: "fLaC", isAmbiguous: true },
  { name: "an MP4 video", offset: 4, bytes: "ftyp", isAmbiguous: true },
  { name: "a Matroska video", offset: 0, bytes: "\x1aE\xdf\xa3" },
  { name: "an ELF program", offset: 0, bytes: "\x7fELF" },
  { name: "a Windows program", offset: 0, bytes: "MZ", isAmbiguous: true },
  { name: "a macOS program", offset: 0, bytes: "\xcf\xfa\xed\xfe" },
  { name: "a Java class or macOS program", offset: 0, bytes: "\xca\xfe\xba\xbe" },
  { name: "a WebAssembly module", offset: 0, bytes: "\x00asm" },
  { name: "an SQLite database", offset: 0, bytes: "SQLite format 3\x00" },
  { name: "a Parquet table", offset: 0, bytes: "PAR1", isAmbiguous: true },
  { name: "a WOFF font", offset: 0, bytes: "wOFF\x00" },
  { name: "a WOFF font", offset: 0, bytes: "wOF2\x00" },
  { name: "an OpenType font", offset: 0, bytes: "OTTO\x00" },
  { name: "a TrueType font", offset: 0, bytes: "\x00\x01\x00\x00\x00" },
];

/** A PDF may have something before its header, so far into the file; readers of PDF take it all the same. */
const PDF_HEADER_BYTES = 1024;

/**
 * What a file is, such as "a PDF document", when its bytes say that it is no text.
 *
 * @param isBinary it is known to be no text, so weaker signs suffice.
 */
export function nameBinary(bytes: Uint8Array, isBinary: boolean): string | undefined {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, PDF_HEADER_BYTES)).toString("latin1");
  const found = SIGNATURES.find((signature) => head.startsWith(signature.bytes, signature.offset) && (isBinary || !signature.isAmbiguous));
  if (found !== undefined) return found.name;
  const pdf = head.indexOf("%PDF-");
  return pdf !== -1 && (isBinary || head.slice(0, pdf).trim() === "") ? "a PDF document" : undefined;
}
