/** Stands where the image library would: `@xenova/transformers` imports one at once, and this program reads texts alone. */
export default function noImages() {
  throw new Error("This installation has no image library.");
}
