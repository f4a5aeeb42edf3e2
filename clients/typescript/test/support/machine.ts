/** The connection machine, stepped by hand. */
import { step, type Happening } from '../../src/connection/machine.js';
import * as actions from '../../src/connection/actions.js';
import * as machine from '../../src/connection/machine.js';

export const policy = {
  maxRetries: 5,
  minDelay: 250,
  maxDelay: 30_000,
  growth: 2,
  keepTrying: true,
};
export const drop = { code: 1006, reason: '', wasClean: false };

/** So that a failure can be read. */
const NAMES = Object.fromEntries(
  Object.entries(actions).map(([name, action]) => [action, name.toLowerCase()]),
);

/** Steps a machine and remembers what it asked for. */
export class Run {
  state = machine.START;
  actions: unknown[][] = [];
  now = 0;
  random = 0.5;
  policy = policy;

  on(event: Happening, after = 0): this {
    this.now += after;
    // It changes nothing of what it is given.
    const [state, todo] = step(Object.freeze(this.state), event, this.now);
    this.state = state;
    this.actions = todo.map(([action, ...args]) => [NAMES[action], ...args]);
    return this;
  }

  start = () => this.on([machine.start]);
  connected(isGreeted = false): this {
    this.on([machine.connected]);
    return isGreeted ? this.on([machine.greeted]) : this;
  }
  greeted = (heartbeat: unknown = 25_000) => this.on([machine.greeted, heartbeat]);
  lost(info = drop, again = true, { after = 0, offline = false, heard = false } = {}): this {
    return this.on([machine.lost, info, again, offline, this.random, this.policy, heard], after);
  }
  heard = () => this.lost(drop, true, { heard: true });
  /** Lets time pass until the machine wants to be woken. */
  due(): this {
    const at = this.state.until;
    if (at === Infinity) throw new Error(`nothing is due in ${this.state.phase}`);
    return this.on([machine.tick], at - this.now);
  }
  get asked() {
    return this.actions.map(([name]) => name);
  }
  get wait() {
    return this.state.until - this.now;
  }
}

export const connecting = () => new Run().start();
export const greeting = () => connecting().connected();
export const open = () => greeting().greeted();

/** Lets attempt after attempt fail. Gives the delays before them, and ends with what is not waited for. */
export function failing(run: Run): number[] {
  const delays: number[] = [];
  for (run.lost(); run.state.status === 'reconnecting'; run.due().lost()) {
    delays.push(Math.round(run.wait));
  }
  return delays;
}
