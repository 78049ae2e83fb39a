// What the static initialisers of metal-cpp and mps.hpp call: here a selector or class is the name it was asked by. The
// other functions only have to exist, since no message is ever sent.
extern "C" {
void* sel_registerName(const char* name) {
  return const_cast<char*>(name);
}
const char* sel_getName(void* selector) {
  return static_cast<const char*>(selector);
}
void* objc_lookUpClass(const char* name) {
  return const_cast<char*>(name);
}
void* objc_getProtocol(const char* name) {
  return const_cast<char*>(name);
}

void* _NSConcreteStackBlock[32];
void _Block_object_assign() {}
void _Block_object_dispose() {}
void MTLCopyAllDevices() {}
void MTLCopyAllDevicesWithObserver() {}
void MTLCreateSystemDefaultDevice() {}
void MTLRemoveDeviceObserver() {}
void MPSSupportsMTLDevice() {}
}
