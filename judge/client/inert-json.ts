/**
 * JSON in which a chat template finds none of its own marks. Many servers read marks such as `<|im_end|>`, `</s>` or `[INST]`
 * wherever they stand, so a text that holds them could end its message and begin one of the assistant. Within JSON strings,
 * `<`, and `[` before a capital or a slash, are as well written as escapes; outside of strings, neither occurs.
 */
export function inertJson(value: unknown): string {
  return JSON.stringify(value).replace(/<|\[(?=\/?[A-Z])/g, (mark) => `\\u00${mark.charCodeAt(0).toString(16)}`);
}
