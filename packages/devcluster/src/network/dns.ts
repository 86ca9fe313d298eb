import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createConnection, createServer, type AddressInfo, type Server, type Socket as TcpSocket } from 'node:net';
import * as packet from 'dns-packet';
import { DnsRecords, type DnsService } from './dns-records.js';

export interface DnsOptions {
  /** The ClusterIP of the cluster's DNS. */
  address: string;
  /** Default 53. 0 takes a free one, for tests. */
  port?: number;
  /** Default "cluster.local". */
  domain?: string;
  /** Resolvers for every other name (see `hostResolvers`); without any, other names do not exist. */
  upstream?: readonly Upstream[];
  /** How long an upstream may take, milliseconds. Default 2000. */
  upstreamTimeout?: number;
}

export interface Upstream {
  address: string;
  port: number;
}

/** Cluster DNS: answers for Services and Pods from memory, forwards the rest to the host's resolvers. */
export class DnsServer {
  readonly #options: Required<DnsOptions>;
  readonly #connections = new Set<TcpSocket>();
  #records: DnsRecords;
  #udp: Socket | undefined;
  #tcp: Server | undefined;

  constructor(options: DnsOptions) {
    this.#options = { port: 53, domain: 'cluster.local', upstream: [], upstreamTimeout: 2000, ...options };
    this.#records = new DnsRecords(this.#options.domain, []);
  }

  /** Replaces all that is known. */
  update(services: readonly DnsService[]): void {
    this.#records = new DnsRecords(this.#options.domain, services);
  }

  /** Listens on UDP and TCP; resolves with the port. Rejects when the address cannot be had. */
  async start(): Promise<number> {
    const { address } = this.#options;
    const tcp = createServer((socket) => this.#serveTcp(socket));
    tcp.listen(this.#options.port, address);
    await once(tcp, 'listening');
    this.#tcp = tcp;
    const { port } = tcp.address() as AddressInfo;
    const udp = createSocket('udp4');
    this.#udp = udp;
    udp.on('message', (message, from) => {
      // Whatever somebody sends, and from wherever: what cannot be answered is not, and must not end this process.
      this.#serveUdp(udp, message, from).catch(() => undefined);
    });
    udp.bind(port, address);
    await once(udp, 'listening');
    // Errors of single datagrams (a client that is gone) concern nobody.
    udp.on('error', () => undefined);
    return port;
  }

  async stop(): Promise<void> {
    for (const socket of this.#connections) socket.destroy();
    const closed = [this.#tcp, this.#udp].flatMap((server) => (server === undefined ? [] : [once(server, 'close')]));
    this.#tcp?.close();
    this.#udp?.close();
    this.#tcp = undefined;
    this.#udp = undefined;
    await Promise.all(closed);
  }

  async #serveUdp(socket: Socket, message: Buffer, from: RemoteInfo): Promise<void> {
    const answer = await this.#answer(message, forwardUdp);
    if (answer === undefined || socket !== this.#udp) return;
    // A client that gets a cut answer asks again over TCP.
    const fits = answer.length <= udpLimit(message);
    socket.send(fits ? answer : truncated(message), from.port, from.address);
  }

  #serveTcp(socket: TcpSocket): void {
    this.#connections.add(socket);
    let pending = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      pending = Buffer.concat([pending, chunk]);
      while (pending.length >= 2 && pending.length >= 2 + pending.readUInt16BE(0)) {
        const end = 2 + pending.readUInt16BE(0);
        const message = pending.subarray(2, end);
        pending = pending.subarray(end);
        this.#answer(message, forwardTcp)
          .then((answer) => {
            if (answer !== undefined && !socket.destroyed) socket.write(framed(answer));
          })
          .catch(() => socket.destroy());
      }
    });
    socket.setTimeout(10_000, () => socket.destroy());
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#connections.delete(socket));
  }

  async #answer(message: Buffer, forward: Forward, aliases = 0): Promise<Buffer | undefined> {
    let query: packet.DecodedPacket;
    try {
      query = packet.decode(message);
    } catch {
      return undefined; // not DNS
    }
    const [question] = query.questions ?? [];
    if (query.type !== 'query' || question === undefined) return undefined;
    try {
      return await this.#resolve(query, question, message, forward, aliases);
    } catch {
      // What somebody else answers, or a name that was asked for, may be anything: it must not end this process.
      return respond(query, SERVFAIL, []);
    }
  }

  async #resolve(
    query: packet.DecodedPacket,
    question: packet.Question,
    message: Buffer,
    forward: Forward,
    aliases: number,
  ): Promise<Buffer> {
    const resolution = this.#records.resolve(question);
    switch (resolution.outcome) {
      case 'answer':
        return this.#respond(query, resolution.answers, forward, aliases);
      case 'no-such-name':
        return respond(query, packet.AUTHORITATIVE_ANSWER | NXDOMAIN, []);
      case 'foreign':
        return this.#forward(query, question.name, message, forward);
    }
  }

  /** Stub resolvers do not follow aliases: what the alias stands for goes into the same answer. */
  async #respond(query: packet.Packet, answers: packet.Answer[], forward: Forward, aliases: number): Promise<Buffer> {
    const [alias] = answers;
    const type = query.questions?.[0]?.type;
    if (alias?.type !== 'CNAME' || (type !== 'A' && type !== 'AAAA')) {
      return respond(query, packet.AUTHORITATIVE_ANSWER, answers);
    }
    // One that leads back to itself would keep this process busy for ever.
    if (aliases >= MOST_ALIASES) return respond(query, SERVFAIL, []);
    const question = packet.encode({
      type: 'query',
      id: query.id ?? 0,
      flags: packet.RECURSION_DESIRED,
      questions: [{ type, name: alias.data }],
    });
    const target = await this.#answer(question, forward, aliases + 1);
    const resolved = target === undefined ? [] : (packet.decode(target).answers ?? []);
    return respond(query, packet.AUTHORITATIVE_ANSWER, [alias, ...resolved]);
  }

  async #forward(query: packet.Packet, name: string, message: Buffer, forward: Forward): Promise<Buffer> {
    const { upstream, upstreamTimeout } = this.#options;
    // A name without a dot that no search domain completed: nobody outside knows it, and asking takes time.
    if (upstream.length === 0 || !name.includes('.')) return respond(query, NXDOMAIN, []);
    for (const resolver of upstream) {
      try {
        return await forward(message, resolver, upstreamTimeout);
      } catch {
        // the next one
      }
    }
    return respond(query, SERVFAIL, []);
  }
}

/** That are followed from one to the next. */
const MOST_ALIASES = 8;

/** Response codes, the low four bits of the flags. */
const SERVFAIL = 2;
const NXDOMAIN = 3;

function respond(query: packet.Packet, flags: number, answers: packet.Answer[]): Buffer {
  const recursion = (query.flags ?? 0) & packet.RECURSION_DESIRED;
  return packet.encode({
    type: 'response',
    id: query.id ?? 0,
    flags: flags | recursion | packet.RECURSION_AVAILABLE,
    questions: query.questions ?? [],
    answers,
  });
}

/** What the client says it can take (EDNS), or what the protocol allows without. */
function udpLimit(query: Buffer): number {
  const edns = packet.decode(query).additionals?.find((record) => record.type === 'OPT');
  return edns === undefined ? 512 : Math.max(512, edns.udpPayloadSize);
}

/** Says nothing but that there is more: the answer itself may be one that cannot be read here. */
const truncated = (query: Buffer): Buffer => respond(packet.decode(query), packet.TRUNCATED_RESPONSE, []);

function framed(message: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  return Buffer.concat([length, message]);
}

type Forward = (message: Buffer, upstream: Upstream, timeout: number) => Promise<Buffer>;

async function forwardUdp(message: Buffer, upstream: Upstream, timeout: number): Promise<Buffer> {
  const socket = createSocket('udp4');
  try {
    socket.connect(upstream.port, upstream.address);
    await once(socket, 'connect', { signal: AbortSignal.timeout(timeout) });
    socket.send(message);
    const [answer] = (await once(socket, 'message', { signal: AbortSignal.timeout(timeout) })) as [Buffer];
    return answer;
  } finally {
    socket.close();
  }
}

async function forwardTcp(message: Buffer, upstream: Upstream, timeout: number): Promise<Buffer> {
  const socket = createConnection({ host: upstream.address, port: upstream.port });
  socket.setTimeout(timeout, () => socket.destroy(new Error('the resolver did not answer')));
  try {
    socket.write(framed(message));
    let received = Buffer.alloc(0);
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      received = Buffer.concat([received, chunk]);
      if (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
        return received.subarray(2, 2 + received.readUInt16BE(0));
      }
    }
    throw new Error('the resolver closed the connection');
  } finally {
    socket.destroy();
  }
}

/** The resolvers of the host's resolv.conf. Loopback ones count too: it is this process that asks them. */
export function hostResolvers(resolvConf: string): Upstream[] {
  return resolvConf
    .split('\n')
    .flatMap((line) => /^nameserver\s+(\S+)/.exec(line)?.[1] ?? [])
    .filter((address) => !address.includes(':'))
    .map((address) => ({ address, port: 53 }));
}
