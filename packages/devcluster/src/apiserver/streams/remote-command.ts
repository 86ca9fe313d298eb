// exec and attach: a process's streams, and at the end how it ended.
import type { Readable, Writable } from 'node:stream';
import { ApiError, type Status } from '@stackwright/kube';
import type { ProcessStreams, StreamOptions } from '../../shared/process.js';
import { badRequest, internal } from '../errors.js';
import { SpdyStreams, webSocketChannels, type CommandChannels } from './channels.js';
import { acceptSpdy, acceptWebSocket, upgradeOf, type TakeOver } from './upgrade.js';

/** In order of preference. v5 differs from v4 in that the client can end stdin. */
const WEBSOCKET_PROTOCOLS = ['v5.channel.k8s.io', 'v4.channel.k8s.io'];
/** From v4 on the outcome is a Status. */
const SPDY_PROTOCOLS = ['v4.channel.k8s.io'];

export type StartProcess = (options: StreamOptions) => Promise<ProcessStreams>;

export function remoteCommand(options: StreamOptions, start: StartProcess): TakeOver {
  return async (connection) => {
    const protocol = upgradeOf(connection.incoming);
    if (protocol === 'websocket') {
      const { webSocket } = await acceptWebSocket(connection, WEBSOCKET_PROTOCOLS);
      await serve(webSocketChannels(webSocket, options), options, start);
    } else if (protocol === 'spdy/3.1') {
      const streams = new SpdyStreams(options);
      const { session } = acceptSpdy(connection, SPDY_PROTOCOLS, (stream) => streams.add(stream));
      await streams.channels(session).then(
        (channels) => serve(channels, options, start),
        () => session.destroy(),
      );
    } else {
      throw badRequest(`unable to upgrade: the server speaks no ${JSON.stringify(protocol)}`);
    }
  };
}

/** Never rejects. */
async function serve(channels: CommandChannels, options: StreamOptions, start: StartProcess): Promise<void> {
  let process: ProcessStreams;
  try {
    process = await start({ ...options, size: () => channels.size });
  } catch (error) {
    await channels.finish(failure(error));
    return;
  }
  let done = false;
  void channels.closed.then(() => {
    if (!done) void process.hangUp();
  });
  channels.onResize((size) => process.resize(size));
  if (channels.stdin && process.stdin) feed(channels.stdin, process.stdin);
  else channels.stdin?.resume();
  const outputs = [copy(process.stdout, channels.stdout), copy(process.stderr, channels.stderr)];
  let status: Status;
  try {
    status = outcome(await process.exit);
    await Promise.all(outputs);
  } catch (error) {
    status = failure(error);
  }
  done = true;
  await channels.finish(status);
}

/** A process may end, or close its input, before it has read everything: that is no error of anybody. */
function feed(from: Readable, to: Writable): void {
  to.on('error', () => from.resume());
  to.once('close', () => from.resume());
  from.pipe(to);
}

/** Resolves at the end of the output, or when there is nobody to write to any more; what is left is then thrown away. */
function copy(from: Readable | undefined, to: Writable | undefined): Promise<void> {
  if (!from) return Promise.resolve();
  return new Promise((resolve) => {
    const drain = (): void => {
      from.resume();
      resolve();
    };
    from.once('error', () => resolve());
    from.once('close', () => resolve());
    if (!to) return drain();
    to.once('error', drain).once('close', drain);
    from.once('end', () => {
      // An empty write is behind all others: with it the output has been handed over.
      if (to.writable) to.write('', () => resolve());
      else resolve();
    });
    from.pipe(to, { end: false });
  });
}

function outcome(exitCode: number): Status {
  const base = { apiVersion: 'v1', kind: 'Status', metadata: {} } as const;
  if (exitCode === 0) return { ...base, status: 'Success' };
  return {
    ...base,
    status: 'Failure',
    message: `command terminated with non-zero exit code: exit status ${exitCode}`,
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: String(exitCode) }] },
  };
}

function failure(error: unknown): Status {
  const known = error instanceof ApiError ? error : internal(error instanceof Error ? error.message : String(error));
  return known.status ?? (internal(known.message).status as Status);
}
