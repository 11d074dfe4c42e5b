/** A WordPiece tokeniser whose pieces are pairs of letters and digits: every word of English has a spelling in them. */

const CHARACTERS = [..."abcdefghijklmnopqrstuvwxyz0123456789"];
const SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"];
const CONTINUATION = "##";

/** All pieces in the order of their numbers; the special ones come first. */
export function listPieces(): readonly string[] {
  const starts = [...CHARACTERS, ...CHARACTERS.flatMap((first) => CHARACTERS.map((second) => first + second))];
  return [...SPECIAL, ...starts, ...starts.map((piece) => CONTINUATION + piece)];
}

/** How many pieces at the beginning of {@link listPieces} carry no meaning. */
export const SPECIAL_PIECES = SPECIAL.length;

/** `tokenizer.json` and `tokenizer_config.json`, as their parsed contents. @param maxTokens as the tokeniser's own limit. */
export function describeTokenizer(maxTokens: number): { readonly tokenizer: unknown; readonly config: unknown } {
  const special = (token: string) => ({
    id: SPECIAL.indexOf(token),
    content: token,
    special: true,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
  });
  const piece = (token: string, type: number) => ({ SpecialToken: { id: token, type_id: type } });
  const sequence = (id: string, type: number) => ({ Sequence: { id, type_id: type } });
  const tokenizer = {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: SPECIAL.map(special),
    normalizer: { type: "BertNormalizer", clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase: true },
    pre_tokenizer: { type: "BertPreTokenizer" },
    post_processor: {
      type: "TemplateProcessing",
      single: [piece("[CLS]", 0), sequence("A", 0), piece("[SEP]", 0)],
      pair: [piece("[CLS]", 0), sequence("A", 0), piece("[SEP]", 0), sequence("B", 1), piece("[SEP]", 1)],
      special_tokens: Object.fromEntries(["[CLS]", "[SEP]"].map((token) => [token, { id: token, ids: [SPECIAL.indexOf(token)], tokens: [token] }])),
    },
    decoder: { type: "WordPiece", prefix: CONTINUATION, cleanup: true },
    model: {
      type: "WordPiece",
      unk_token: "[UNK]",
      continuing_subword_prefix: CONTINUATION,
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(listPieces().map((text, id) => [text, id])),
    },
  };
  const config = {
    tokenizer_class: "BertTokenizer",
    do_lower_case: true,
    model_max_length: maxTokens,
    pad_token: "[PAD]",
    unk_token: "[UNK]",
    cls_token: "[CLS]",
    sep_token: "[SEP]",
  };
  return { tokenizer, config };
}
