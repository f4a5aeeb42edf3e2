import { page } from '../connection/environment.js';
import { sourceOf } from '../connection/source.js';
import { NOBODY } from '../room/roster.js';
import { watchUsers, type InfoIn, type Peopled } from '../room/users.js';
import type { User } from '../room/types.js';
import type { Framework } from './reader.js';

export type UseUsers = <R extends Peopled>(room: R) => readonly User<InfoIn<R>>[];

export const usersHook =
  ({ useMemo, useStore }: Framework): UseUsers =>
  (room) => {
    const source = sourceOf(room);
    const { subscribe, get } = useMemo(() => watchUsers(source, page), [source]);
    return useStore(subscribe, get, nobody) as readonly User<any>[];
  };

const nobody = (): readonly User[] => NOBODY;
