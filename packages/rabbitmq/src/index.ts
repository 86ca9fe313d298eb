export { rabbitmq } from './module.js';
export { RabbitMQ } from './crd.js';
