/** Fields that experiment files once had, by dotted key, and what to write instead. */
export const RENAMED_FIELDS: Readonly<Record<string, string>> = {
  method: 'write algorithm: { kind: grpo } or algorithm: { kind: sft }',
  grpo: 'write its fields under algorithm, beside kind: grpo',
  sft: 'write its fields under algorithm, beside kind: sft',
  'policy.engine': 'write policy.engine: { kind: onnx, threads: 2 }',
  'policy.threads': 'write policy.engine: { kind: onnx, threads: 2 }',
  'reward.weights': 'write the weight into the component itself, such as reward.think.weight: 0',
};

/** Values that fields once took, as `<dotted key>=<value>`, and what to write instead. */
export const RENAMED_VALUES: Readonly<Record<string, string>> = {
  'judge.kind=openai': "write llm; OpenAI's chat API is judge.provider: openai, the default",
};
