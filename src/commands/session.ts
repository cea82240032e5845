import path from 'node:path';
import type { Environment, Settings } from '../config/settings.js';
import { readSettings } from '../config/settings.js';
import type { Connection, ConnectRequest } from '../operations/connect.js';
import type { OperationContext, Place } from '../operations/context.js';
import type { Target, TargetRequest } from '../operations/target.js';
import { IdMask, isPipeline, wordsLikeIds } from '../output/id-mask.js';
import { Page } from '../output/page.js';
import { isMachineFormat, jsonLine } from '../output/render.js';
import { maskSecrets } from '../output/secret-text.js';
import type { OutputFormat } from '../output/view.js';
import { filtered } from '../terminal/filtered.js';
import { createTerminal, type InputStream, type OutputStream, type Terminal } from '../terminal/io.js';
import { createProgress, type ProgressReporter } from '../terminal/progress.js';
import { createPrompts, type Prompts } from '../terminal/prompts.js';
import { writeOut } from '../terminal/write-out.js';
import type { ConsentRequest } from './consent.js';
import { commandLine, withTarget } from './equivalent.js';
import type { GlobalFlags } from './global-options.js';
import { largeScanText } from './large-scan-text.js';

/** The process as commands see it; main.ts fills it, tests put in what they like. */
export interface Runtime {
  /** Arguments without node and the script. */
  readonly argv: readonly string[];
  readonly env: Environment;
  readonly cwd: string;
  readonly stdin: InputStream;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly signal: AbortSignal;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Is told when a question was left with Esc, Ctrl-C or Ctrl-D: who runs several commands ends with that one. */
  readonly onLeft?: () => void;
}

/** Everything that one run of a command works with. Made lazily: help needs no settings, settings no credentials. */
export class CommandSession {
  readonly format: OutputFormat;
  readonly terminal: Terminal;
  readonly progress: ProgressReporter;
  readonly prompts: Prompts;
  /** Which ids of sessions are kept out of what is written. */
  readonly ids: IdMask;
  /** The command's full name, `layouts detect`. */
  readonly commandName: string;
  readonly #makesTables: boolean;
  #runtime: Runtime;
  #flags: GlobalFlags;
  #settings: Promise<Settings> | undefined;
  #connection: Promise<Connection> | undefined;
  /** Where an engine of our own runs, as messages name it. */
  #enginePlace: string | undefined;
  /** The data file, where there is none and none is made. */
  #noDataFile: string | undefined;

  constructor(given: Runtime, flags: GlobalFlags, commandName: string, makesTables = false) {
    const ids = new IdMask(flags.maskIds ?? isPipeline(given.env));
    const runtime = withoutSecrets(given, ids);
    this.ids = ids;
    // The other ids on the command line are noted by the commands that know which they are.
    for (const word of wordsLikeIds(conditionsIn(given.argv))) ids.note(word);
    this.#runtime = runtime;
    this.#flags = flags;
    this.commandName = commandName;
    this.#makesTables = makesTables;
    this.format = flags.json === true ? 'json' : (flags.output ?? 'table');
    this.terminal = createTerminal({
      get stdin() {
        return runtime.stdin;
      },
      stdout: runtime.stdout,
      stderr: runtime.stderr,
      env: runtime.env,
      noInput: !flags.input,
      noColor: !flags.color,
    });
    // A program that reads JSON may read stderr as well: nothing but errors and warnings then, and those are JSON.
    const isForPrograms = isMachineFormat(this.format) && runtime.stderr.isTTY !== true && flags.verbose !== true;
    this.progress = createProgress(this.terminal, {
      quiet: flags.quiet === true || isForPrograms,
      verbose: flags.verbose === true,
    });
    this.prompts = createPrompts(this.terminal, {
      signal: runtime.signal,
      ...(runtime.onLeft !== undefined && { onLeft: runtime.onLeft }),
    });
  }

  get runtime(): Runtime {
    return this.#runtime;
  }

  get flags(): GlobalFlags {
    return this.#flags;
  }

  /** Goes on as the session of another command line, which may lead to other tables. */
  async goOnWith(argv: readonly string[], flags: GlobalFlags): Promise<void> {
    await this.close();
    this.#runtime = { ...this.#runtime, argv };
    this.#flags = flags;
    this.#settings = undefined;
    this.#connection = undefined;
    this.#enginePlace = undefined;
    this.#noDataFile = undefined;
  }

  /** Takes a command line, with what was answered in it, for the one that was typed, and says it. */
  complete(argv: readonly string[]): void {
    this.#runtime = { ...this.#runtime, argv };
    this.tellCommand(argv);
  }

  /** Takes every word of the command line that looks like an id for one. */
  noteWordsLikeIds(): void {
    for (const word of wordsLikeIds(this.runtime.argv)) this.ids.note(word);
  }

  /** A page for a stream: stdout takes results, stderr everything else. */
  page(stream: 'stdout' | 'stderr'): Page {
    const target = this.runtime[stream];
    return new Page({
      width: this.terminal.width(target),
      color: this.terminal.color(target),
      unicode: this.terminal.unicode,
      now: new Date(this.runtime.now()),
    });
  }

  /** Writes to stderr, above whatever moves there. */
  tell(text: string): void {
    this.progress.stop();
    this.runtime.stderr.write(`${text}\n`);
  }

  /** A warning on stderr, as an object of JSON where the result is for programs; none with `--quiet`. */
  warn(message: string): void {
    if (this.flags.quiet === true) return;
    this.tell(isMachineFormat(this.format) ? jsonLine({ warning: { message } }) : this.page('stderr').warn(message));
  }

  /** Writes a part of a result to stdout, and waits until its reader has caught up. Throws INTERRUPTED. */
  async write(text: string): Promise<void> {
    const { stdout, signal } = this.runtime;
    // On a terminal the moving line would stand in its way.
    if (stdout.isTTY === true) this.progress.stop();
    await writeOut(stdout, text, signal);
  }

  /** Says the command line that does the same without a question; not wrapped, so that it can be copied. */
  tellCommand(argv: readonly string[]): void {
    this.tell(this.page('stderr').muted(`$ ${commandLine(argv)}`));
  }

  /** A text whose commands lead to the same tables as this one. */
  readonly advise = (text: string): string => withTarget(text, this.flags);

  /** The flags with what the environment or a file says of the place: they lead there from anywhere. */
  async placeFlags(): Promise<GlobalFlags> {
    const { flags } = this;
    const { region, profile, endpoint, localFile } = await this.settings();
    if (localFile.value !== null)
      return flags.local === undefined ? { ...flags, local: path.relative(this.runtime.cwd, localFile.value) } : flags;
    const { dynamo } = await this.context();
    const inUse = dynamo.isAws ? dynamo.region : region.value;
    return {
      ...flags,
      ...(inUse !== null && { region: inUse }),
      ...(profile.value !== null && { profile: profile.value }),
      ...(endpoint.value !== null && { endpointUrl: endpoint.value }),
    };
  }

  /** Asks before anything is changed; throws NOT_CONFIRMED unless the answer is yes. */
  async requireConsent(request: ConsentRequest): Promise<void> {
    const { requireConsent } = await import('./consent.js');
    await requireConsent(this, request);
  }

  /** Where the tables are, for people: an engine of our own has another address each time, which says nothing. */
  async placeText({ region, endpoint }: Place): Promise<string> {
    const { localFile } = await this.settings();
    if (localFile.value !== null) {
      return `in the embedded engine (${this.#shownPath(localFile.value)})`;
    }
    return endpoint === null ? `in ${region}` : `in ${region} at ${endpoint}`;
  }

  settings(): Promise<Settings> {
    this.#settings ??= readSettings(this.flags, this.runtime.env, this.runtime.cwd);
    return this.#settings;
  }

  /** Connects on the first call; the run's end closes it. */
  async context(): Promise<OperationContext> {
    this.#connection ??= this.#connect();
    return (await this.#connection).context;
  }

  async #connect(): Promise<Connection> {
    const { openConnection } = await import('../operations/connect.js');
    const settings = await this.settings();
    const { runtime, flags, progress } = this;
    const connection = await openConnection({
      region: settings.region.value,
      profile: settings.profile.value,
      profileIsFlag: settings.profile.source === '--profile',
      endpoint: settings.endpoint.value,
      streamsEndpoint: settings.streamsEndpoint.value,
      cloudWatchEndpoint: settings.cloudWatchEndpoint.value,
      localFile: settings.localFile.value,
      layouts: settings.layouts,
      env: { ...runtime.env },
      signal: runtime.signal,
      now: runtime.now,
      onProgress: (event) => progress.report(event),
      ...(!this.#makesTables && { onNoDataFile: (file: string) => (this.#noDataFile = file) }),
      onLargeScan: (scan) => this.warn(largeScanText(scan)),
      ...(flags.verbose === true && { onCall: (call) => progress.logCall(toApiCall(call)) }),
      label: `mcp-sessions ${this.commandName}`,
    });
    const { region, endpoint } = connection.context.dynamo;
    if (settings.localFile.value !== null) this.#enginePlace = `in ${region} at ${endpoint}`;
    return connection;
  }

  /** What the result of an engine without a data file does not say. */
  get warnings(): readonly string[] {
    const file = this.#noDataFile;
    if (file === undefined) return [];
    const advice = '`mcp-sessions setup` makes it, and the tables';
    return [this.advise(`there is no data file ${this.#shownPath(file)} yet: ${advice}`)];
  }

  /** A path as it is shortest: from the working folder, if it is below. */
  #shownPath(file: string): string {
    const relative = path.relative(this.runtime.cwd, file);
    return relative.startsWith('..') ? file : relative;
  }

  /** A message that names the embedded engine instead of the address that it has this time. */
  withoutAddress(message: string): string {
    if (this.#enginePlace === undefined) return message;
    const file = this.#noDataFile;
    const none = file === undefined ? '' : `: there is no data file ${this.#shownPath(file)} yet`;
    return message.replaceAll(this.#enginePlace, `in the embedded engine${none}`);
  }

  async targetRequest(): Promise<TargetRequest> {
    const { layout, tables, suffix } = await this.settings();
    return { layout: layout.value, tables, suffix: suffix.value, env: this.runtime.env };
  }

  /** The tables that the command works on, and their layout. */
  async target(): Promise<Target> {
    const [context, { resolveTarget }] = await Promise.all([this.context(), import('../operations/target.js')]);
    return resolveTarget(context, await this.targetRequest());
  }

  async close(): Promise<void> {
    this.progress.stop();
    const connection = await this.#connection?.catch(() => undefined);
    await connection?.close();
  }
}

/** What follows `--where`. */
const conditionsIn = (argv: readonly string[]): readonly string[] =>
  argv
    .filter((word, at) => word.startsWith('--where=') || argv[at - 1] === '--where')
    .map((word) => word.replace(/^--where=/, ''));

/** The same streams; what is told beside the result is written without secrets, and nothing with the ids that are masked. */
function withoutSecrets(runtime: Runtime, ids: IdMask): Runtime {
  let stdout: OutputStream | undefined;
  let stderr: OutputStream | undefined;
  return {
    argv: runtime.argv,
    env: runtime.env,
    cwd: runtime.cwd,
    signal: runtime.signal,
    now: runtime.now,
    ...(runtime.onLeft !== undefined && { onLeft: runtime.onLeft }),
    // Node makes each stream when it is first asked for.
    get stdin() {
      return runtime.stdin;
    },
    get stdout() {
      return (stdout ??= ids.isOn ? filtered(runtime.stdout, (text) => ids.text(text)) : runtime.stdout);
    },
    get stderr() {
      return (stderr ??= filtered(runtime.stderr, (text) => ids.text(maskSecrets(text))));
    },
  };
}

type CallRecord = Parameters<NonNullable<ConnectRequest['onCall']>>[0];

function toApiCall(call: CallRecord): Parameters<ProgressReporter['logCall']>[0] {
  const { operation, table, ms, status, error, readUnits, writeUnits, retries } = call;
  const outcome = error ?? status;
  return {
    operation,
    ms,
    readUnits,
    writeUnits,
    retries,
    ...(table !== null && { table }),
    ...(outcome !== null && { status: outcome }),
  };
}
