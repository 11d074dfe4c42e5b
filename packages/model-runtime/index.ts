/** What runs models on this machine. A package of its own, so that an installation without a model can leave its 300 MB out. */
export {
  AutoModel,
  AutoModelForSequenceClassification,
  AutoTokenizer,
  env,
  type PreTrainedModel,
  type PreTrainedTokenizer,
  Tensor,
} from "@xenova/transformers";
