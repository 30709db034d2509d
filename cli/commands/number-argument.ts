import { InvalidArgumentError } from '@commander-js/extra-typings';

/** Reads the number of an option or argument. @throws InvalidArgumentError with a right one. */
export function wholeNumber(least: number, example: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
    throw new InvalidArgumentError(`give a whole number of at least ${least}, such as ${example}.`);
  };
}

/** The same for a number that need not be whole, from 0 on. */
export function amount(example: number): (text: string) => number {
  return (text) => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (Number.isFinite(value) && value >= 0) return value;
    throw new InvalidArgumentError(`give a number of at least 0, such as ${example}.`);
  };
}
