// Uploads as clients make them that fetch does not stand for: in pieces of their own size, and slowly.
import { createHash, randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from '@stackwright/kube';
import { issueToken, serviceUrl } from './identity.js';
import { call } from './openstack.js';

export interface Upload {
  id: string;
  checksum: string;
  /** HTTP status of the upload. */
  status: number;
}

export interface Pieces {
  /** Bytes of each HTTP chunk, and how many there are. */
  size: number;
  count: number;
  /** Milliseconds between them. Default 0. */
  every?: number;
  signal?: AbortSignal;
}

/** An image whose size the client does not say. Rejects where the connection breaks, or is given up by `signal`. */
export async function uploadInPieces(client: Client, name: string, pieces: Pieces): Promise<Upload> {
  const token = await issueToken(client);
  const created = await call(client, 'glance', '/v2/images', {
    method: 'POST',
    json: { name, disk_format: 'raw', container_format: 'bare' },
    token,
  });
  const { id } = (await created.json()) as { id: string };
  const hash = createHash('sha256');
  const upload = request(`${await serviceUrl(client, 'glance')}/v2/images/${id}/file`, {
    method: 'PUT',
    headers: {
      'x-auth-token': token,
      'content-type': 'application/octet-stream',
      'transfer-encoding': 'chunked',
    },
    ...(pieces.signal ? { signal: pieces.signal } : {}),
  });
  const answered = new Promise<number>((resolve, reject) => {
    upload.once('error', reject);
    upload.once('response', (response) => {
      response.resume();
      response.once('end', () => resolve(response.statusCode ?? 0));
    });
  });
  // Looked at below, when all is sent: it may be refused before.
  answered.catch(() => undefined);
  for (let piece = 0; piece < pieces.count && !upload.destroyed; piece++) {
    // One write is one chunk.
    const bytes = randomBytes(pieces.size);
    hash.update(bytes);
    await new Promise<void>((resolve) => upload.write(bytes, () => resolve()));
    if (pieces.every !== undefined) await pause(pieces.every);
  }
  upload.end();
  return { id, checksum: hash.digest('hex'), status: await answered };
}
