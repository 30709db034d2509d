import { z } from 'zod';

/**
 * What a benchmark can do otherwise than its authors' protocol because a user wants it so, off by default: name ->
 * what it does, as one sentence for the report. They are this project's: no author's script has them, so no published
 * number was made with one.
 */
export const VARIANTS = {
  leaveOutEmpty: 'clips without a caption are left out (default: they score 0), and unscorable ones get no worst case',
  answerOnly:
    'of captions from a file only the answer is scored, without analysis, tags and the spaces around it (default: ' +
    'captions from a file are scored as they are)',
} as const;

export const Variant = z.enum(Object.keys(VARIANTS) as [keyof typeof VARIANTS, ...(keyof typeof VARIANTS)[]]);
export type Variant = z.infer<typeof Variant>;
