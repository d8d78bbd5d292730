/**
 * A machine of the lab: qemu with a kernel, persistent memory made of RAM, no network and nothing of the host mounted. It is
 * asked to run shell scripts, one after another, over a serial line; what it prints, how long it runs and how much memory
 * it has are bounded. It ends by itself when the line does, or by its process id.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createServer, type Server, type Socket } from 'node:net';
import path from 'node:path';
import { fail } from '../../corpus/vocabulary/errors.ts';
import { printable } from '../../corpus/vocabulary/printable.ts';
import { endWithUs, type Scratch, scratchFolder } from './ends-with-us.ts';
import { type Frame, FrameReader } from './framing.ts';

export interface Started {
  readonly qemu: string;
  readonly setpriv: string;
  readonly vmlinuz: string;
  readonly initramfs: string;
  /** `kvm`, or `tcg`: without help of the processor. */
  readonly accelerator: Accelerator;
  readonly processors: number;
}
export type Accelerator = 'kvm' | 'tcg';

export interface Done {
  /** 124 where its time was up, 128 + N for signal N. */
  readonly status: number;
  /** stdout and stderr as they came; empty where they were handed over. */
  readonly output: string;
}

/** The kernel kills it when this process is gone, however it went. */
const ENDS_WITH_US = ['--pdeathsig', 'KILL'];
const MEMORY_MB = 1400;
/** 512 MB of it from 768 MB on are the persistent memory. */
const PMEM = 'memmap=512M!768M';
/** A thread that the gate holds keeps its processor, which is no stall. */
const HELD = 'nosoftlockup rcupdate.rcu_cpu_stall_suppress=1';
const COMMAND_LINE = `console=ttyS0 quiet panic=-1 ${PMEM} ${HELD} tsc=unstable nokaslr`;
const OUTPUT_BYTES_MAX = 64 << 20;
const CONSOLE_BYTES_MAX = 1 << 20;
const BOOT_SECONDS: Readonly<Record<Accelerator, number>> = { kvm: 30, tcg: 300 };
/** The guest ends a job by itself; the host waits so much longer. */
const GRACE_SECONDS = 60;
/** The guest's clock runs slower where the host is busy. */
const SLOWNESS = 4;
const LAST_WORDS = 400;

interface Waiting {
  readonly resolve: (frame: Frame) => void;
  readonly reject: (error: Error) => void;
}

export class Machine {
  /** As `uname -r` says it. */
  release = '';
  /** From the start of qemu to the first answer. */
  bootSeconds = 0;
  private readonly child: ChildProcess;
  private readonly scratch: Scratch;
  private readonly server: Server;
  private line: Socket | null = null;
  private frames: Frame[] = [];
  private waiting: Waiting | null = null;
  private console = '';
  private hear: (text: string) => void = () => {};
  private outputBytes = 0;
  private over: Error | null = null;

  private constructor(child: ChildProcess, scratch: Scratch, server: Server) {
    this.child = child;
    this.scratch = scratch;
    this.server = server;
  }

  /** @throws Refusal ENVIRONMENT if it does not come up */
  static async boot(started: Started): Promise<Machine> {
    const scratch = scratchFolder('lab');
    const socket = path.join(scratch.folder, 'line');
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    const startedMs = performance.now();
    const child = spawn(
      started.setpriv,
      [...ENDS_WITH_US, started.qemu, ...qemuArguments(started, socket)],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    endWithUs(child);
    const machine = new Machine(child, scratch, server);
    machine.listen();
    try {
      const { value } = await machine.next(BOOT_SECONDS[started.accelerator]);
      machine.release = value;
      machine.bootSeconds = (performance.now() - startedMs) / 1000;
      // The line is connected: its name is of no use any more, and would stay where we are killed.
      machine.removeFolder();
      return machine;
    } catch (error) {
      machine.stop();
      throw error;
    }
  }

  /**
   * Runs a shell script in the guest.
   * @param seconds of the guest's clock, at most
   * @param hear what it says, as it comes; left out: it is kept for the end
   * @throws Refusal ENVIRONMENT if the machine ends or says nothing any more
   */
  async run(script: string, seconds: number, hear?: (text: string) => void): Promise<Done> {
    const kept: string[] = [];
    this.hear = hear ?? ((text): unknown => kept.push(text));
    this.outputBytes = 0;
    const bytes = Buffer.from(script);
    this.line?.write(`job ${seconds} ${bytes.length}\n`);
    this.line?.write(bytes);
    const { value } = await this.next(seconds * SLOWNESS + GRACE_SECONDS);
    return { status: Number(value), output: kept.join('') };
  }

  /** What the kernel said on its console, from the beginning or as far back as is kept. */
  get consoleText(): string {
    return this.console;
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  stop(): void {
    this.over ??= new Error('it was stopped');
    this.child.kill('SIGKILL');
    this.line?.destroy();
    this.removeFolder();
  }

  private removeFolder(): void {
    this.server.close();
    this.scratch.remove();
  }

  private listen(): void {
    const say = (text: string): void => {
      this.console += text;
      if (this.console.length > 2 * CONSOLE_BYTES_MAX)
        this.console = this.console.slice(-CONSOLE_BYTES_MAX);
    };
    const reader = new FrameReader({
      said: (text, bytes) => this.keepOutput(text, bytes),
      framed: (frame) => this.deliver(frame),
    });
    this.child.stdout?.setEncoding('utf8').on('data', say);
    this.child.stderr?.setEncoding('utf8').on('data', say);
    this.child.once('error', (error) => this.end(error.message));
    this.child.once('close', (code, signal) => this.end(`qemu ended (${signal ?? code})`));
    this.server.once('connection', (line) => {
      this.line = line;
      line.on('data', (part) => reader.receive(part));
      line.on('error', () => {});
    });
  }

  private end(why: string): void {
    const said = printable(this.console.trim().slice(-LAST_WORDS), LAST_WORDS);
    this.over ??= fail('ENVIRONMENT', {
      what: `the lab's machine: ${why}${said === '' ? '' : `; it said last: ${said}`}`,
      remedy: 'type `faultline lab boot -v` to see all that it says',
    });
    this.waiting?.reject(this.over);
    this.waiting = null;
  }

  private keepOutput(text: string, bytes: number): void {
    if (this.over !== null) return;
    this.outputBytes += bytes;
    if (this.outputBytes > OUTPUT_BYTES_MAX) {
      this.end(`a script said more than ${OUTPUT_BYTES_MAX} bytes`);
      this.stop();
      return;
    }
    this.hear(text);
  }

  private deliver(frame: Frame): void {
    const { waiting } = this;
    this.waiting = null;
    if (waiting === null) this.frames.push(frame);
    else waiting.resolve(frame);
  }

  private next(seconds: number): Promise<Frame> {
    const frame = this.frames.shift();
    if (frame !== undefined) return Promise.resolve(frame);
    if (this.over !== null) return Promise.reject(this.over);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.end(`it said nothing for ${seconds} s`);
        this.stop();
      }, seconds * 1000);
      const settle =
        <T>(then: (value: T) => void) =>
        (value: T): void => {
          clearTimeout(timer);
          then(value);
        };
      this.waiting = { resolve: settle(resolve), reject: settle(reject) };
    });
  }
}

function qemuArguments(started: Started, socket: string): readonly string[] {
  const { accelerator, processors } = started;
  return [
    ...['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none', '-nic', 'none'],
    ...['-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'],
    ...['-M', 'q35', '-accel', accelerator === 'kvm' ? 'kvm' : 'tcg,thread=multi'],
    ...['-cpu', 'max', '-smp', String(processors), '-m', String(MEMORY_MB)],
    ...['-kernel', started.vmlinuz, '-initrd', started.initramfs, '-append', COMMAND_LINE],
    ...['-chardev', 'stdio,id=console,signal=off', '-serial', 'chardev:console'],
    ...['-chardev', `socket,id=line,path=${socket}`, '-serial', 'chardev:line'],
  ];
}
