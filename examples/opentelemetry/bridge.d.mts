/** Records what every database of this process does, with a meter of `@opentelemetry/api`. */
export function recordMetrics(meter: object): void;
