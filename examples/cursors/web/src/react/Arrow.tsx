/** @jsxImportSource react */
export function Arrow() {
  return (
    <svg className="arrow" width="22" height="24" viewBox="0 0 22 24" aria-hidden="true">
      <path d="M2 1.5v18.6l5.4-4.7 3.6 7.6 3.9-1.8-3.5-7.5h7.1z" />
    </svg>
  );
}
