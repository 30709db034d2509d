/** How long texts are for a model: in tokens, as its own tokenizer counts them. */
export interface TextLengths {
  /** The most tokens that the model was made for, of prompt, video and completion together; absent: it does not say. */
  context?: number | undefined;
  /** Of an instruction, with what the chat template puts around it, without the video. Throws `InvalidInput`. */
  prompt(text: string): number;
  /** Of a text that the policy writes, end token included. */
  completion(text: string): number;
}
