// Bindings of two MPS classes with planted mistakes, recorded as the real ones are. Their receivers are named
// MPSPlanted..., so that they can be told apart.
#pragma once

namespace MPS::Private::Class {
void* s_kMPSPlantedMatrixDescriptor = objc_lookUpClass("MPSPlantedMatrixDescriptor");
}
namespace MPS::Private::Selector {
SEL s_kMisspelt = sel_registerName("rowBytesFromColumn:dataType:");
}

namespace MPSPlanted {
using NS::ProbeObject;

class MatrixDescriptor : public NS::Referencing<MatrixDescriptor> {
 public:
  // Right, twice.
  NS::UInteger rows() const { return Object::sendMessage<NS::UInteger>(this, _MPS_PRIVATE_SEL(rows)); }
  void setDataType(MPS::DataType type) { Object::sendMessage<void>(this, _MPS_PRIVATE_SEL(setDataType_), type); }
  // A selector that does not exist.
  static std::size_t rowBytes(NS::UInteger columns, MPS::DataType type) {
    return Object::sendMessage<std::size_t>(_MPS_PRIVATE_CLS(MPSPlantedMatrixDescriptor), _MPS_PRIVATE_SEL(Misspelt),
                                            columns, type);
  }
  // MPSDataType is 32 bits wide, not 64.
  static std::size_t rowBytesForColumns(NS::UInteger columns, NS::UInteger type) {
    return Object::sendMessage<std::size_t>(_MPS_PRIVATE_CLS(MPSPlantedMatrixDescriptor),
                                            _MPS_PRIVATE_SEL(rowBytesForColumns_dataType_), columns, type);
  }
  // A result that is too narrow.
  unsigned matrixBytes() const { return Object::sendMessage<unsigned>(this, _MPS_PRIVATE_SEL(matrixBytes)); }
  // A pointer where a number is declared.
  void setRows(void* rows) { Object::sendMessage<void>(this, _MPS_PRIVATE_SEL(setRows_), rows); }
};

class MatrixSum : public NS::Referencing<MatrixSum> {
 public:
  // A struct of another shape.
  void setResultMatrixOrigin(NS::Range origin) {
    Object::sendMessage<void>(this, _MPS_PRIVATE_SEL(setResultMatrixOrigin_), origin);
  }
  // double for float.
  double neuronParameterA() const { return Object::sendMessage<double>(this, _MPS_PRIVATE_SEL(neuronParameterA)); }
  // An object for a struct.
  NS::Array* resultMatrixOrigin() const {
    return Object::sendMessage<NS::Array*>(this, _MPS_PRIVATE_SEL(resultMatrixOrigin));
  }
};
}  // namespace MPSPlanted
