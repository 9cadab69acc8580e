import type { Reason } from '../../retention.js';
import type { CalendarDay, CalendarMonth, DayState } from '../calendar.js';
import { dayStates } from '../calendar.js';
import { count, listed, size } from '../text.js';
import { DayMark, InlineMark } from './marks.js';

const monthNames = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const cell = 20;

const meanings: Record<DayState, string> = {
  proved: 'backed up and proved by a restore',
  'backed up': 'backed up',
  failed: 'failed: damaged, a failed drill, or a run that left no manifest',
  missed: 'missed: the newest backup was older than allowed',
  nothing: 'nothing kept of that day',
};

/** Twelve small months, one mark a day. */
export function Calendar({ months, label }: { months: readonly CalendarMonth[]; label: string }) {
  return (
    <section aria-label={label}>
      <div class="months">
        {months.map((month) => (
          <Month key={month.month} {...month} />
        ))}
      </div>
      <ul class="legend">
        {dayStates.map((state) => (
          <li key={state}>
            <InlineMark state={state} /> {meanings[state]}
          </li>
        ))}
        <li>
          <InlineMark state="backed up" going /> no rule keeps it: the next cleanup takes it
        </li>
        <li>
          <b>W M Y</b> kept as the newest of its week, month, year
        </li>
      </ul>
    </section>
  );
}

function Month({ month, days }: CalendarMonth) {
  const name = `${monthNames[Number(month.slice(5)) - 1]} ${month.slice(0, 4)}`;
  const first = (new Date(`${month}-01T00:00:00Z`).getUTCDay() + 6) % 7;
  const counts = dayStates
    .filter((state) => state !== 'nothing')
    .map((state) => ({ state, days: days.filter((each) => each.state === state).length }))
    .filter((each) => each.days > 0)
    .map((each) => `${each.days} ${each.state}`);
  return (
    <div class="month">
      <p>{name}</p>
      <svg
        viewBox={`0 0 ${7 * cell} ${6 * cell}`}
        role="group"
        aria-label={`${name}: ${listed(counts) || 'nothing kept'}`}
      >
        {days.map((day) => {
          const place = first + Number(day.date.slice(8)) - 1;
          return (
            <g key={day.date} role="img" transform={`translate(${(place % 7) * cell} ${Math.floor(place / 7) * cell})`}>
              <title>{describeDay(day)}</title>
              <DayMark state={day.state} going={day.going} letter={letterOf(day.keptBy)} />
            </g>
          );
        })}
      </svg>
    </div>
  );
}

/** `2026-03-05: proved, 2 backups, 45.3 MB; kept: young, weekly` */
function describeDay({ date, state, backups, bytes, keptBy, going, trouble }: CalendarDay): string {
  if (backups === 0) return `${date}: ${trouble ?? (state === 'nothing' ? 'nothing kept' : state)}`;
  const kept = going ? 'kept by no rule' : `kept: ${keptBy.join(', ')}`;
  return `${date}: ${state}, ${count(backups, 'backup')}, ${size(bytes)}; ${kept}${trouble ? `; ${trouble}` : ''}`;
}

/** The longest rule. */
function letterOf(keptBy: readonly Reason[]): string {
  if (keptBy.includes('yearly')) return 'Y';
  if (keptBy.includes('monthly')) return 'M';
  return keptBy.includes('weekly') ? 'W' : '';
}
