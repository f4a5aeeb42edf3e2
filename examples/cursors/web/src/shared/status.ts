import type { CloseInfo, RoomStatus } from 'roomful';

export interface StatusText {
  readonly tone: 'good' | 'busy' | 'bad';
  readonly label: string;
  /** What it means for whoever reads it; there is none when all is well. */
  readonly detail?: string;
}

export function describeStatus(
  status: RoomStatus,
  closeInfo: CloseInfo | undefined,
  plugged: boolean,
): StatusText {
  switch (status) {
    case 'open':
      return { tone: 'good', label: 'Live' };
    case 'connecting':
      return { tone: 'busy', label: 'Connecting' };
    case 'reconnecting':
      return {
        tone: 'busy',
        label: plugged ? 'Reconnecting' : 'Offline',
        detail: plugged
          ? 'The connection was lost. It is being made again.'
          : 'The others see that you are away. Go on moving and writing: it is kept, and sent when you are back.',
      };
    case 'closing':
    case 'closed':
      return { tone: 'bad', label: 'Closed', detail: describeClose(closeInfo) };
  }
}

function describeClose(closeInfo: CloseInfo | undefined): string {
  switch (closeInfo?.code) {
    case 4403:
      return 'This board is not open to you. A board’s name is letters, digits and hyphens, 40 at most.';
    case 4410:
      return 'You were removed from this board.';
    case 4429:
      return 'This board is full.';
    default:
      return closeInfo?.reason || 'The server cannot be reached. Reload the page to try again.';
  }
}
