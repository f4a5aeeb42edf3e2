import type { Member, MemberBinding } from './types.js';

interface Watched {
  binding: MemberBinding;
  listeners: Set<() => void>;
}

/**
 * Members to be watched one by one. An id has one binding for as long as anybody holds it, so that a row
 * may ask for it at every render; and none after, so that a room where people come and go all day does
 * not grow.
 */
export class Bindings {
  readonly #made = new Map<string, WeakRef<MemberBinding>>();
  readonly #watched = new Map<string, Watched>();
  readonly #collected = new FinalizationRegistry<string>((id) => {
    if (!this.#made.get(id)?.deref()) this.#made.delete(id);
  });

  constructor(private readonly find: (id: string) => Member | undefined) {}

  of(id: string): MemberBinding {
    const known = this.#made.get(id)?.deref();
    if (known) return known;
    const binding: MemberBinding = {
      id,
      get: () => this.find(id),
      subscribe: (listener) => this.#subscribe(binding, listener),
    };
    this.#made.set(id, new WeakRef(binding));
    this.#collected.register(binding, id);
    return binding;
  }

  notify(ids: Iterable<string>, call: (listener: () => void) => void): void {
    for (const id of ids) this.#watched.get(id)?.listeners.forEach(call);
  }

  #subscribe(binding: MemberBinding, listener: () => void): () => void {
    const watched = this.#watched.get(binding.id) ?? { binding, listeners: new Set() };
    this.#watched.set(binding.id, watched);
    const own = () => listener();
    watched.listeners.add(own);
    return () => {
      watched.listeners.delete(own);
      if (watched.listeners.size === 0 && this.#watched.get(binding.id) === watched) {
        this.#watched.delete(binding.id);
      }
    };
  }
}
