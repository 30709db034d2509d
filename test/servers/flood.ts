import type { ServerResponse } from 'node:http';

const PIECE = ' '.repeat(2 ** 16);

/** Sends a beginning, and after it blanks for ever, as fast as they are read. */
export function flood(response: ServerResponse, beginning: string): void {
  const goOn = () => {
    while (!response.destroyed && response.write(PIECE));
  };
  response.on('drain', goOn).write(beginning);
  goOn();
}
