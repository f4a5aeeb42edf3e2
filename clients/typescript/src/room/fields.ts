/** Of a room, behind those that every connection has: see `connection/fields.ts`. */
export const MEMBERS = 4;
export const MEMBER_IDS = 8;
export const SELF = 16;
export const OTHERS = 32;
