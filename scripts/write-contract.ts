import { writeFile } from 'node:fs/promises';
import { engineSchemas } from '../contracts/engine-contract.ts';

/**
 * `npm run contract`: writes the JSON Schemas of the engine contract, which workers in other languages check against.
 */
const folder = new URL('../contracts/schemas/', import.meta.url);
for (const [file, schema] of Object.entries(engineSchemas())) await writeFile(new URL(file, folder), schema);
