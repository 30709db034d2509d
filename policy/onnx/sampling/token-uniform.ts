import { hash } from 'node:crypto';
import { placeText, type RandomPath, uniformFrom } from '../../../core/random.ts';

/** `uniformAt`, by Node's SHA-256: sampling draws a number for every token, and workflows have no `node:crypto`. */
export function tokenUniformAt(seed: number, path: RandomPath): number {
  return uniformFrom(hash('sha256', placeText(seed, path), 'buffer'));
}
