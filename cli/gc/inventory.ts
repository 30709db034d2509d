import { listAll, type Storage, type StoredObject } from '../../core/storage.ts';
import { FENCES } from '../../core/store-layout.ts';
import { nameIn, parseRef } from '../../core/stored-ref.ts';

export interface Inventory {
  /** Contents of artifacts by name, those without a ref among them. */
  contents: Map<string, StoredObject>;
  /** Refs of artifacts by key. `content`: the name in the ref; absent if the ref is damaged. */
  refs: Map<string, { object: StoredObject; content: string | undefined }>;
  /** Half-written files of dead writers. */
  unfinished: StoredObject[];
  /** Claims of attempts and executions. */
  claims: StoredObject[];
}

/** Everything in a storage. Of the ledger only what was never finished: the rest always stays. */
export async function takeInventory(storage: Storage): Promise<Inventory> {
  const inventory: Inventory = { contents: new Map(), refs: new Map(), unfinished: [], claims: [] };
  for await (const object of listAll(storage, '')) {
    const { kind, key } = object;
    if (kind === 'unfinished') inventory.unfinished.push(object);
    else if (key.startsWith('ledger/')) continue;
    else if (key.startsWith(FENCES)) inventory.claims.push(object);
    else if (kind === 'content') inventory.contents.set(key, object);
    else {
      const stored = await storage.getRef(key);
      const ref = stored && parseRef(key, stored.text);
      if (stored) inventory.refs.set(key, { object, content: ref && nameIn(ref) });
    }
  }
  return inventory;
}
