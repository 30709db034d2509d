/**
 * The revision whose numbers the present code must reproduce, bit by bit: the last one before the code was laid out
 * anew. Its own code makes them, on the machine at hand, so nothing recorded elsewhere can be out of date.
 *
 * It retires only when the numbers are renewed on purpose (another model, another sampler, a formula that was wrong).
 * Then the commit that renews them becomes the base, in a commit of its own that says which numbers change and why;
 * `base-*.yaml`, `base-worker.ts` and `read-base.ts` follow it. A change that was not meant to change a number must not
 * change this file.
 */
export const BASE_REVISION = 'ee826986946951a12bdc7ad56a61565f4b93d567';

/** For messages. */
export const BASE_NAME = BASE_REVISION.slice(0, 7);
