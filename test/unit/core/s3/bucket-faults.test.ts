import { describe, expect, it } from 'vitest';
import { faultOf, foundNothing, isMissing, isThere } from '../../../../core/s3/bucket-faults.ts';

const answer = (status: number, name = 'UnknownError') => ({ name, $metadata: { httpStatusCode: status } });

describe('an error of the SDK', () => {
  it.each([
    [answer(503, 'SlowDown'), { kind: 'away', name: 'SlowDown' }],
    [answer(503), { kind: 'away', name: '503' }],
    [
      { name: 'SyntaxError', $response: { statusCode: 502 } },
      { kind: 'away', name: '502' },
    ],
    [answer(400, 'RequestTimeout'), { kind: 'away', name: 'RequestTimeout' }],
    [
      { name: 'Error', code: 'ECONNREFUSED' },
      { kind: 'away', name: 'ECONNREFUSED' },
    ],
    [answer(400, 'ExpiredToken'), { kind: 'refused', name: 'ExpiredToken' }],
    [answer(400, 'Unknown'), { kind: 'refused', name: '400' }],
    [answer(403), { kind: 'refused', name: '403' }],
    [{ name: 'CredentialsProviderError' }, { kind: 'refused', name: 'CredentialsProviderError' }],
    [answer(404, 'NoSuchBucket'), { kind: 'no bucket', name: 'NoSuchBucket' }],
    [answer(404, 'NotFound'), { kind: 'away', name: '404' }],
    [
      { name: 'SyntaxError', $response: { statusCode: 404 } },
      { kind: 'away', name: '404' },
    ],
    [answer(404, 'NoSuchUpload'), { kind: 'away', name: 'NoSuchUpload' }],
  ])('that passes is a fault: %j', (error, fault) => {
    expect(faultOf(error)).toEqual(fault);
  });

  it.each([
    ...[answer(404, 'NoSuchKey'), answer(412, 'PreconditionFailed'), answer(501, 'NotImplemented')],
    ...[answer(400, 'InvalidArgument'), { name: 'Error', code: 'ENOENT' }, new Error('x'), undefined],
  ])('of another kind is none: %j', (error) => {
    expect(faultOf(error)).toBeUndefined();
  });

  it('may say that there is an object, or none', () => {
    expect([isThere(answer(412)), isThere(answer(404))]).toEqual([true, false]);
    expect(
      ['NoSuchKey', 'NoSuchUpload', 'NoSuchBucket', 'NotFound'].map((name) => isMissing(answer(404, name))),
    ).toEqual([true, true, false, false]);
    expect([answer(404, 'NotFound'), answer(403)].map(foundNothing)).toEqual([true, false]);
  });
});
