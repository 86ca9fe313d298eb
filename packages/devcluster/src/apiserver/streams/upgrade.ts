// A request whose connection becomes something else than HTTP.
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import { badRequest, forbiddenUpgrade } from '../errors.js';
import { SpdySession, type SpdyStream } from './spdy/session.js';

export interface RawConnection {
  incoming: IncomingMessage;
  socket: Duplex;
  /** What the client sent behind its headers. */
  head: Buffer;
}

/**
 * Switches protocols and serves the connection to its end. Rejects with an ApiError, as long as HTTP is spoken, when the
 * client asks for a protocol that is not known here.
 */
export type TakeOver = (connection: RawConnection) => Promise<void>;

/** The lower-case protocol of the Upgrade header: "websocket", "spdy/3.1". */
export const upgradeOf = ({ headers }: IncomingMessage): string => (headers.upgrade ?? '').toLowerCase();

/** Longer messages than any client sends; what is longer breaks the connection. */
const MAX_MESSAGE = 4 * 1024 * 1024;

/**
 * With the first of our protocols, which are in order of preference, that the client offers. Paused: whoever listens to
 * it resumes it.
 */
export function acceptWebSocket(
  { incoming, socket, head }: RawConnection,
  protocols: readonly string[],
): Promise<{ webSocket: WebSocket; protocol: string }> {
  const offered = (incoming.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
  const protocol = protocols.find((name) => offered.includes(name));
  if (protocol === undefined)
    throw badRequest(
      `unable to upgrade: the client offers [${offered.join(' ')}], the server speaks [${protocols.join(' ')}]`,
    );
  // The name of the protocol for tunnels has a slash, which is not allowed in it, and the library refuses it.
  delete incoming.headers['sec-websocket-protocol'];
  const server = new WebSocketServer({ noServer: true, clientTracking: false, maxPayload: MAX_MESSAGE });
  server.on('headers', (headers) => headers.push(`Sec-WebSocket-Protocol: ${protocol}`));
  return new Promise((resolve, reject) => {
    server.once('wsClientError', (error) => reject(badRequest(`unable to upgrade: ${error.message}`)));
    server.handleUpgrade(incoming, socket, head, (webSocket) => {
      webSocket.pause();
      resolve({ webSocket, protocol });
    });
  });
}

/** As `acceptWebSocket`, where the protocol inside of SPDY is named in a header of its own. */
export function acceptSpdy(
  { incoming, socket, head }: RawConnection,
  protocols: readonly string[],
  onStream: (stream: SpdyStream) => void,
): { session: SpdySession; protocol: string } {
  const offered = [incoming.headers['x-stream-protocol-version'] ?? []]
    .flat()
    .flatMap((names) => names.split(','))
    .map((name) => name.trim());
  const protocol = protocols.find((name) => offered.includes(name));
  if (protocol === undefined) throw forbiddenUpgrade(offered, protocols);
  socket.write(
    'HTTP/1.1 101 Switching Protocols\r\n' +
      `Connection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: ${protocol}\r\n\r\n`,
  );
  if (head.length > 0) socket.unshift(head);
  return { session: new SpdySession(socket, { role: 'server', onStream }), protocol };
}
