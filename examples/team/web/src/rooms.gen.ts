// Generated from the Rust rooms by `rooms.typescript()`. Do not edit.
import { room } from 'roomful/react';

/** Who a member is, as the server knows it. */
export type Card = {
  name: string;
  isAdmin: boolean;
};

/** What everybody hears. */
export type Heard = ({ kind: 'line' } & Line) | ({ kind: 'notice' } & Notice);

/** Something that was said, and is kept. */
export type Line = {
  /** What was said later has a larger one. */
  id: number;
  /** The user who said it. */
  by: string;
  name: string;
  nonce: string;
  text: string;
  /** Milliseconds since 1970. */
  at: number;
};

/** An admin's word to everybody. It is not kept. */
export type Notice = {
  name: string;
  text: string;
  /** Milliseconds since 1970. */
  at: number;
};

/** What somebody says. */
export type Say = {
  /** The same where it is said again, so that it is heard once. */
  nonce: string;
  text: string;
};

/** What each member shows of itself. */
export type Typing = {
  typing: boolean;
};

export const serverRooms = {
  chat: room<{
    key: { channel: string };
    incoming: Say;
    outgoing: Heard;
    presence: Typing;
    info: Card;
  }>('team', 'chat'),
} as const;
