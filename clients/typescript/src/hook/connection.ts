import { page } from '../connection/environment.js';
import { connectionOf, OFFLINE, watchLoss, type Connected } from '../connection/health.js';
import { sourceOf } from '../connection/source.js';
import type { CloseInfo, ConnectionInfo } from '../connection/types.js';
import type { Framework } from './reader.js';

export type UseConnection = (
  connected: Connected,
  onLost?: (info: CloseInfo) => void,
) => ConnectionInfo;

export const connectionHook =
  ({ useState, useMemo, useEffect, useLayoutEffect, useStore }: Framework): UseConnection =>
  (connected, onLost) => {
    const source = sourceOf(connected);
    const [latest] = useState((): { onLost?: typeof onLost } => ({}));
    useLayoutEffect(() => {
      latest.onLost = onLost;
    });
    useEffect(() => watchLoss(source, (info) => latest.onLost?.(info), page), [source]);
    const { subscribe, get } = useMemo(() => connectionOf(connected), [source]);
    return useStore(subscribe, get, offline);
  };

const offline = (): ConnectionInfo => OFFLINE;
