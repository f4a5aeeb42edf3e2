'use client';

import { serverRooms } from './rooms.gen.js';

export function Here({ roomId }) {
    const { members, status } = serverRooms.chat.useRoom({ key: { roomId } });
    return <p id="here">{`${status}: ${members.length} here`}</p>;
}
