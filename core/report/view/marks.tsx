import type { DayState } from '../calendar.js';
import type { Level } from '../verdict.js';

/*
 * Every colour has a shape beside it: filled with a check, filled, filled with a cross, outlined with a stroke, a dot.
 * So the marks stay apart for the colour-blind, in print and in grey.
 */

/** The mark of a day, or of a run's outcome, in a box of 20 by 20. */
export function DayMark({ state, going = false, letter = '' }: { state: DayState; going?: boolean; letter?: string }) {
  if (state === 'nothing') return <circle class="dot" cx="10" cy="10" r="1.5" />;
  return (
    <>
      <rect class={`day ${className(state)}${going ? ' going' : ''}`} x="1.5" y="1.5" width="17" height="17" rx="3.5" />
      {state === 'proved' && (
        <path class="stroke on-proved" d={letter ? 'M3.8 7.2l2 2 3.6-4.2' : 'M5.5 10.3l3 3 6-6.6'} />
      )}
      {state === 'failed' && <path class="stroke on-failed" d="M6.2 6.2l7.6 7.6M13.8 6.2l-7.6 7.6" />}
      {state === 'missed' && <path class="stroke on-missed" d="M5.5 14.5l9-9" />}
      {letter && (
        <text class={`letter on-${className(state)}`} x={state === 'proved' ? 13 : 10} y={state === 'proved' ? 16 : 14}>
          {letter}
        </text>
      )}
    </>
  );
}

/** The same beside a word that says it: hidden from those who hear the page. */
export function InlineMark({ state, going }: { state: DayState; going?: boolean }) {
  return (
    <svg class="mark" viewBox="0 0 20 20" width="16" height="16" aria-hidden="true">
      <DayMark state={state} going={going ?? false} />
    </svg>
  );
}

export function LevelMark({ level }: { level: Level }) {
  return (
    <svg class="level-mark" viewBox="0 0 40 40" width="40" height="40" aria-hidden="true">
      {level === 'safe' && (
        <>
          <path class="level-shape" d="M20 3l14 5v10c0 9-6 15.500-14 19-8-3.500-14-10-14-19V8z" />
          <path class="level-sign" d="M13 20l5 5 9.500-10.500" />
        </>
      )}
      {level === 'look' && (
        <>
          <path class="level-shape" d="M20 4l17 31H3z" />
          <path class="level-sign" d="M20 15v9.500M20 29.500v.5" />
        </>
      )}
      {level === 'danger' && (
        <>
          <path class="level-shape" d="M12.500 3h15L37 12.500v15L27.500 37h-15L3 27.500v-15z" />
          <path class="level-sign" d="M13.500 13.500l13 13M26.500 13.500l-13 13" />
        </>
      )}
    </svg>
  );
}

function className(state: DayState): string {
  return state.replace(' ', '-');
}
