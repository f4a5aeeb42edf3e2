import { serverFeeds, serverLive } from '../rooms.react.gen.js';
import { connection } from '../shared/connection.js';
import { NOTHING_YET, remember, rememberGap } from '../shared/site.js';

/** The boards of the site, and what has happened on them since the page was opened. */
export function useSite() {
  const { value: boards, error, refresh } = serverLive.boards.useLive(connection);
  const { state: lately } = serverFeeds.activity.useFeed({
    ...connection,
    initial: NOTHING_YET,
    reduce: remember,
    reduceMissed: rememberGap,
  });
  return { boards, error, refresh, lately };
}

export type SiteView = ReturnType<typeof useSite>;
