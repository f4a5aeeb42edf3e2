import { colorOf, initials } from './chat/text.js';

interface FaceProps {
  user: string;
  name: string;
  /** In how many tabs somebody is here. */
  tabs?: number;
}

export function Face({ user, name, tabs = 1 }: FaceProps) {
  const words = `in ${tabs} tabs`;
  return (
    <span className="face" data-color={colorOf(user)}>
      <span aria-hidden="true">{initials(name)}</span>
      {tabs > 1 && (
        <b className="tabs" role="img" aria-label={words} title={words}>
          {tabs}
        </b>
      )}
    </span>
  );
}
