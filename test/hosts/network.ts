import { execFile, execFileSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { promisify } from 'node:util';
import { startTcpProxy, type TcpProxy } from '../servers/tcp-proxy.ts';
import { Host } from './host.ts';

const run = promisify(execFile);
const ip = (command: string) => run('ip', command.split(' '));

/** The first number of a host in the subnet; the machine itself has 1. */
const FIRST_HOST = 2;

/**
 * A network of its own inside this machine: a bridge, at which hosts hang by a cable each. The servers stay on loopback
 * and are offered to the hosts at the bridge's address.
 */
export class Network {
  /** Devices have names of at most 15 characters. */
  readonly #id = `vc${process.pid}`;
  readonly #subnet = `10.${randomInt(200, 255)}.${randomInt(0, 256)}`;
  readonly #hosts: Host[] = [];
  readonly #offers: TcpProxy[] = [];

  /** What keeps this machine from having such a network, as a sentence; undefined where nothing does. */
  static missing(): string | undefined {
    const needs = [
      ...(process.getuid?.() === 0 ? [] : ['the user root']),
      ...['ip', 'unshare', 'setpriv'].filter((program) => !works('which', program)),
      ...(works('unshare', '--net', '--uts', '--pid', '--mount', '--fork', 'true')
        ? []
        : ['the right to make namespaces of network, host name, processes and mounts (CAP_SYS_ADMIN)']),
    ];
    return needs.length === 0 ? undefined : `Two hosts on one machine need ${needs.join(', ')}.`;
  }

  static async start(): Promise<Network> {
    const network = new Network();
    await ip(`link add ${network.#bridge} type bridge`);
    await ip(`addr add ${network.#address}/24 dev ${network.#bridge}`);
    await ip(`link set ${network.#bridge} up`);
    return network;
  }

  /** @param folder the host's disk, which outlives its power cuts. */
  async addHost(name: string, folder: string): Promise<Host> {
    const number = FIRST_HOST + this.#hosts.length;
    const [namespace, cable] = [`${this.#id}n${number}`, `${this.#id}v${number}`];
    const inside = (command: string) => ip(`netns exec ${namespace} ip ${command}`);
    await ip(`netns add ${namespace}`);
    await ip(`link add ${cable} type veth peer name eth0 netns ${namespace}`);
    await ip(`link set ${cable} master ${this.#bridge} up`);
    const address = `${this.#subnet}.${number}`;
    await inside(`addr add ${address}/24 dev eth0`);
    await inside('link set eth0 up');
    await inside('link set lo up');
    const host = new Host({ name, address, namespace, cable, folder });
    this.#hosts.push(host);
    return host;
  }

  /** Lets hosts reach a server of loopback. @returns where: `host:port`. */
  async offer(server: string): Promise<string> {
    const proxy = await startTcpProxy(server, this.#address);
    this.#offers.push(proxy);
    return proxy.address;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#hosts.map((host) => host.cutPower()));
    await Promise.all(this.#offers.map((offer) => offer.close()));
    // Its end of the cable goes with a namespace, and the other with it.
    for (const { namespace } of this.#hosts) await ip(`netns del ${namespace}`);
    await ip(`link del ${this.#bridge}`);
  }

  get #bridge(): string {
    return `${this.#id}br`;
  }

  get #address(): string {
    return `${this.#subnet}.1`;
  }
}

function works(program: string, ...args: string[]): boolean {
  try {
    execFileSync(program, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
