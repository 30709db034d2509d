import { describe, expect, it } from 'vitest';
import { parseStoreUrl, storeName } from '../../../../core/s3/store-url.ts';
import { refusal } from '../../../refusal.ts';

describe('the URL of a store', () => {
  it.each([
    ['s3://bucket', { bucket: 'bucket', prefix: '' }],
    ['s3://bucket/', { bucket: 'bucket', prefix: '' }],
    ['s3://my.bucket-1/team/runs/', { bucket: 'my.bucket-1', prefix: 'team/runs/' }],
    [
      's3://bucket/runs?endpoint=http://127.0.0.1:7070/&region=eu-1',
      { bucket: 'bucket', prefix: 'runs/', endpoint: 'http://127.0.0.1:7070', region: 'eu-1' },
    ],
  ])('%s', (text, place) => {
    expect(parseStoreUrl(text)).toEqual(place);
  });

  it.each([
    ...['', 'bucket', 'file:///data', 's3://', 's3:///runs', 's3://b', 's3://bucket:80/x', 's3://bucket/x#y'],
    ...['s3://key:secret@bucket', 's3://bucket?secret=x', 's3://bucket/a//b', 's3://bucket/ä'],
    ...['s3://bucket/%zz', 's3://bucket/a%20b', 's3://bucket?endpoint=', 's3://bucket?region='],
    ...['s3://bucket?endpoint=ftp://host', 's3://bucket?endpoint=http://u:p@host', 's3://bucket?endpoint=host'],
  ])('is not %j', (text) => {
    expect(() => parseStoreUrl(text)).toThrow(refusal('InvalidConfig', 'VIDEOCAP_STORE') as Error);
  });

  it('is named with its endpoint', () => {
    expect(storeName(parseStoreUrl('s3://bucket/runs?endpoint=http://host'))).toBe('s3://bucket/runs/ at http://host');
    expect(storeName(parseStoreUrl('s3://bucket'))).toBe('s3://bucket/');
  });
});
